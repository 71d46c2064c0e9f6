/** Enough of a reply to see what is wrong with it. */
const MOST_CHARACTERS = 120;

export function excerpt(reply: unknown): string {
  const text =
    JSON.stringify(reply, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)) ?? 'nothing';
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}… (${text.length} characters)`;
}
