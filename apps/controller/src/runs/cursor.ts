import { InputError, showValue } from '#libs/contracts';

/** Pages are cut by a number that only grows; a cursor is that number. */
export function readCursor(cursor: string | undefined): number | undefined {
  if (cursor === undefined) return undefined;
  if (/^[0-9]{1,9}$/.test(cursor)) return Number(cursor);
  throw new InputError('query', [
    { path: 'cursor', at: ['cursor'], found: showValue(cursor), expected: 'the nextCursor of a page' },
  ]);
}

/** A page of `limit` items out of `limit + 1` rows. */
export function cutPage<Row>(
  rows: Row[],
  limit: number,
  positionOf: (row: Row) => number,
): { rows: Row[]; nextCursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return { rows: page, nextCursor: rows.length > limit && last !== undefined ? String(positionOf(last)) : null };
}
