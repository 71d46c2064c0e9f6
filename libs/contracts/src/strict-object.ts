import { z } from 'zod';

/** `z.strictObject` whose "unknown key" message names the keys it knows (read by input-error.ts). */
export function strictObject<Shape extends z.core.$ZodShape>(shape: Shape) {
  const keys = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `known keys: ${keys}` : undefined),
  });
}

/** A scalar, or a list of them that spans an axis of the matrix. */
export function oneOrMany<Item extends z.ZodType>(item: Item) {
  return z.union([item, z.array(item).min(1).max(64)]);
}

/** The list behind {@link oneOrMany}. */
export function listOf<Item>(value: Item | Item[]): Item[] {
  return Array.isArray(value) ? value : [value];
}

/** sha256 in lower-case hex. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits (a sha256)');

/** An unsigned integer in decimal that fits a PostgreSQL bigint; JSON numbers would lose digits above 2^53. */
export const decimalSchema = z
  .string()
  .refine(
    (text) => /^(0|[1-9][0-9]{0,18})$/.test(text) && BigInt(text) < 1n << 63n,
    'an unsigned decimal integer below 2^63',
  );
