/** Keys, values and the mix of reads and stores: what the loads of memcached and Redis have in common. */
import type { LoadSpec, Range } from '../load-spec.js';
import { fromBytes } from '../protocols/byte-string.js';
import { Random } from '../random.js';
import { Picker } from './popularity.js';

/** A read, or a store with its new value. Keys and values are byte strings. */
export interface KeyValueRequest {
  readonly key: string;
  readonly value?: string;
}

const DEFAULT_KEY_BYTES: Range = { min: 16, max: 16 };
/** Values are cut from a pool of random bytes, so that two of the same size differ. */
const POOL_SLACK = 65_536;

export class KeyValues {
  private readonly keyNames: readonly string[];
  private readonly pool: string;
  private readonly random: Random;
  /** One for each number of keys that a connection may own. */
  private readonly pickers = new Map<number, Picker>();

  constructor(
    private readonly spec: LoadSpec,
    private readonly seed: number,
  ) {
    this.random = new Random(seed, 'requests');
    const names = new Random(seed, 'keys');
    const sizes = spec.keyBytes ?? DEFAULT_KEY_BYTES;
    this.keyNames = Array.from({ length: spec.keys }, (_, index) => keyName(index, names.within(sizes)));
    const content = new Random(seed, 'values');
    this.pool = fromBytes(Uint8Array.from({ length: spec.valueBytes.max + POOL_SLACK }, () => content.u32()));
  }

  /** Stores of every key that is the connection's own. */
  *preload(connection: number): Generator<Required<KeyValueRequest>> {
    for (let index = connection; index < this.spec.keys; index += this.spec.connections)
      yield { key: this.keyNames[index]!, value: this.value() };
  }

  next(connection: number): KeyValueRequest {
    const rank = this.picker(connection).pick();
    const key = this.keyNames[connection + rank * this.spec.connections]!;
    return this.random.chance(this.spec.getShare) ? { key } : { key, value: this.value() };
  }

  private value(): string {
    const size = this.random.within(this.spec.valueBytes);
    const at = this.random.within({ min: 0, max: this.pool.length - size });
    return this.pool.slice(at, at + size);
  }

  private picker(connection: number): Picker {
    const owned = Math.ceil((this.spec.keys - connection) / this.spec.connections);
    const known = this.pickers.get(owned);
    if (known !== undefined) return known;
    const picker = new Picker(
      owned,
      this.spec.popularity ?? 'zipf',
      new Random(this.seed, `popularity of ${owned} keys`),
    );
    this.pickers.set(owned, picker);
    return picker;
  }
}

function keyName(index: number, size: number): string {
  return `k${String(index).padStart(size - 1, '0')}`;
}
