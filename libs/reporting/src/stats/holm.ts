/** Holm's step-down correction (1979): adjusted p-values in the order given; null stays null and does not count. */
export function holm(pValues: readonly (number | null)[]): (number | null)[] {
  const order = pValues
    .flatMap((p, index) => (p === null ? [] : [{ p, index }]))
    .sort((a, b) => a.p - b.p || a.index - b.index);
  const adjusted: (number | null)[] = pValues.map(() => null);
  let floor = 0;
  order.forEach(({ p, index }, rank) => {
    floor = Math.max(floor, Math.min(1, p * (order.length - rank)));
    adjusted[index] = floor;
  });
  return adjusted;
}
