/** Names of addresses, and symbol files of the target software: lines `<16 hex digits> <name>`. */
import { ConfigError } from './config-error.js';

export interface CodeSymbol {
  readonly address: bigint;
  readonly name: string;
}

/** Finds what an address belongs to: the last symbol at or below it. Of several at one address the last given. */
export class SymbolTable {
  private readonly sorted: readonly CodeSymbol[];

  constructor(symbols: readonly CodeSymbol[]) {
    this.sorted = [...symbols].sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  }

  at(address: bigint): CodeSymbol | undefined {
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.sorted[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    return this.sorted[low - 1];
  }

  /** ` name+0x12` for an address that belongs to a symbol, else nothing. */
  suffix(address: bigint): string {
    const symbol = this.at(address);
    if (symbol === undefined) return '';
    const offset = address - symbol.address;
    return ` ${symbol.name}${offset === 0n ? '' : `+0x${offset.toString(16)}`}`;
  }
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
