/** Axis marks. Pure. */

/** Below this a value is drawn as 0: its parts would not be exact numbers any more. */
const smallest = 1e-290;

/** Round numbers from 0 to at least `most`, about `wanted` of them. */
export function ticks(most: number, wanted: number): number[] {
  if (!(most >= smallest)) return [0, 1];
  const raw = most / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9)) ?? 10) * power;
  const marks: number[] = [];
  // By multiplication: sums of a decimal step would not stay round.
  for (let index = 0; marks.length === 0 || (marks.at(-1) ?? 0) < most * (1 - 1e-9); index++)
    marks.push(Number((index * step).toPrecision(12)));
  return marks;
}
