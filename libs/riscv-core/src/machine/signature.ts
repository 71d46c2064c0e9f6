/** The signature of an architectural test: RAM between `begin_signature` and `end_signature`. */
import { ConfigError, hex } from './config-error.js';
import type { Ram } from './linear-memory.js';

export interface SignatureRange {
  readonly begin: bigint;
  readonly end: bigint;
}

/** Throws {@link ConfigError} when the program names no range, or one outside RAM. `file` is for messages. */
export function signatureRange(symbols: ReadonlyMap<string, bigint>, ram: Ram, file: string): SignatureRange {
  const symbol = (name: string): bigint => {
    const value = symbols.get(name);
    if (value === undefined)
      throw new ConfigError(
        file,
        `no symbol ${name}`,
        'one: --signature writes what lies between begin_signature and end_signature',
      );
    return value;
  };
  const begin = symbol('begin_signature');
  const end = symbol('end_signature');
  if (end < begin || !ram.contains(begin, end - begin))
    throw new ConfigError(file, `signature ${hex(begin)}..${hex(end)}`, 'a range inside RAM');
  return { begin, end };
}

/** A line of 16 lower-case hexadecimal digits per little-endian 8-byte word, lowest address first, the last zero-padded. */
export function formatSignature(ram: Ram, range: SignatureRange): string {
  const bytes = ram.slice(range.begin, range.end - range.begin);
  let text = '';
  for (let at = 0; at < bytes.length; at += 8) {
    let line = '';
    for (let i = 0; i < 8; i += 1) line = (bytes[at + i] ?? 0).toString(16).padStart(2, '0') + line;
    text += `${line}\n`;
  }
  return text;
}
