/** Values as JSON and back: what JSON does not know (bigint, bytes, maps, sets) is an object with one key that begins with `$`. */

export function toJson(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, key) {
    return plain(this[key]);
  });
}

function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return { $integer: value.toString() };
  if (value instanceof Uint8Array) return { $bytes: hexOf(value) };
  if (value instanceof Map) return { $map: [...(value as Map<unknown, unknown>)] };
  if (value instanceof Set) return { $set: [...(value as Set<unknown>)] };
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const kind: unknown = Object.getPrototypeOf(value);
    // JSON would write such a thing without complaint, as an object with nothing in it.
    if (kind !== Object.prototype && kind !== null)
      throw new Error(`snapshot: a ${value.constructor.name} in what is to be saved, expected plain data`);
  }
  return value;
}

export function fromJson(text: string): unknown {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null) return value;
    if ('$integer' in value) return BigInt(value.$integer as string);
    if ('$bytes' in value) return bytesOf(value.$bytes as string);
    if ('$map' in value) return new Map(value.$map as [unknown, unknown][]);
    if ('$set' in value) return new Set(value.$set as unknown[]);
    return value;
  });
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}
