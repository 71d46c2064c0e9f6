/** The target's console as lines that can be shown: nothing in it can steer the page or the eye. */

export interface ConsoleLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/** Colour codes are dropped; other control characters are shown as their pictures (U+2400 ...). */
export function linesOf(text: string): ConsoleLine[] {
  const lines = text.replace(/\r+\n/g, '\n').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line, index) => ({ number: index + 1, text: visible(line) }));
}

function visible(line: string): string {
  return (
    line
      // eslint-disable-next-line no-control-regex -- control characters are what is looked for
      .replace(/\u001b\[[0-9;]*m/g, '')
      // eslint-disable-next-line no-control-regex
      .replace(/[\u0000-\u0008\u000b-\u001f]/g, (character) => String.fromCharCode(0x2400 + character.charCodeAt(0)))
      // C1 controls, and marks that would turn the direction of what follows.
      .replace(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '␦')
  );
}

/** Indices of the lines that hold `words`, in either case; none for an empty search. */
export function matches(lines: readonly ConsoleLine[], words: string): number[] {
  if (words === '') return [];
  const wanted = words.toLowerCase();
  return lines.flatMap((line, index) => (line.text.toLowerCase().includes(wanted) ? [index] : []));
}

/** A line cut at its matches: even pieces are plain, odd ones match. */
export function pieces(text: string, words: string): string[] {
  if (words === '') return [text];
  const found: string[] = [];
  const [low, wanted] = [text.toLowerCase(), words.toLowerCase()];
  // Letters whose lower case is longer would shift the places: such a line is shown unmarked.
  if (low.length !== text.length) return [text];
  let from = 0;
  for (let at = low.indexOf(wanted); at >= 0; at = low.indexOf(wanted, from)) {
    found.push(text.slice(from, at), text.slice(at, at + wanted.length));
    from = at + wanted.length;
  }
  return [...found, text.slice(from)];
}
