/** Symbol files of the target software: lines `<16 hex digits> <name>`. */
import { ConfigError } from './config-error.js';

export interface CodeSymbol {
  readonly address: bigint;
  readonly name: string;
}

/** `file` is for messages. Throws {@link ConfigError} on a line of another form. */
export function parseSymbolFile(text: string, file: string): CodeSymbol[] {
  return text.split('\n').flatMap((line, index) => {
    if (line === '') return [];
    const match = /^([0-9a-f]{16}) (\S+)$/.exec(line);
    if (match?.[1] === undefined || match[2] === undefined)
      throw new ConfigError(
        `${file}:${index + 1}`,
        JSON.stringify(line.slice(0, 60)),
        '16 hexadecimal digits, a space and a name',
      );
    return [{ address: BigInt(`0x${match[1]}`), name: match[2] }];
  });
}
