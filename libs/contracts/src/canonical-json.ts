/** What canonical JSON can hold; `undefined` properties are left out, as JSON.stringify does. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue | undefined };

/**
 * One text per value: object keys sorted by UTF-16 code unit, no white space, numbers as ECMAScript prints them
 * (the rules of RFC 8785). Two equal values hash alike whatever order their keys were written in.
 * Throws on what JSON cannot say (NaN, infinities), since a silently changed value would share a key with another.
 */
export function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`canonical JSON: found ${value}, expected a finite number`);
    return JSON.stringify(value);
  }
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object') throw new TypeError(`canonical JSON: found ${typeof value}, expected a JSON value`);
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonicalJson(member)}`);
  }
  return `{${members.join(',')}}`;
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
