/**
 * What a memcached server answers, as a map. Eviction is not modelled: a server under memory pressure may miss where the model
 * hits (see {@link sameMemcachedReply}).
 */
import type { MemcachedReply, MemcachedRequest, StorageFields } from '../protocols/memcached.js';

export const maxKeyBytes = 250;
export const maxValueBytes = 1 << 20;
/** Expiry times up to this many seconds are relative, beyond it seconds since 1970. */
export const maxRelativeSeconds = 30 * 24 * 3600;

interface Item {
  readonly flags: number;
  readonly value: string;
  /** Counts up with every successful store. */
  readonly unique: bigint;
  /** Seconds since 1970; 0 = never, negative = over. */
  readonly expires: number;
}

const badLine = 'CLIENT_ERROR bad command line format';

export class MemcachedModel {
  private readonly items = new Map<string, Item>();
  private flushAt: number | undefined;
  private unique: bigint;

  /** `now` gives seconds since 1970; `lastUnique` is the CAS unique that the server gave out last. */
  constructor(
    private readonly now: () => number,
    lastUnique = 0n,
  ) {
    this.unique = lastUnique;
  }

  /** The reply; undefined where the server stays silent (noreply, quit). `stats` replies are not modelled: an empty list. */
  execute(request: MemcachedRequest): MemcachedReply | undefined {
    const reply = this.reply(request);
    const silent = 'noreply' in request && request.noreply === true;
    // A client error is told even to who does not want a reply.
    if (silent && !(reply?.kind === 'line' && /^(CLIENT_)?ERROR/.test(reply.line))) return undefined;
    return reply;
  }

  /** Keys that are alive. */
  get size(): number {
    return [...this.items.keys()].filter((key) => this.find(key) !== undefined).length;
  }

  /** CAS unique of an item, for a `cas` that shall succeed. */
  uniqueOf(key: string): bigint | undefined {
    return this.find(key)?.unique;
  }

  private reply(request: MemcachedRequest): MemcachedReply | undefined {
    this.flushWhenDue();
    if ('key' in request && request.key.length > maxKeyBytes) return line(badLine);
    switch (request.verb) {
      case 'get':
      case 'gets': {
        if (request.keys.length === 0) return line('ERROR');
        if (request.keys.some((key) => key.length > maxKeyBytes)) return line(badLine);
        const values = request.keys.flatMap((key) => {
          const item = this.find(key);
          if (item === undefined) return [];
          const value = { key, flags: item.flags, value: item.value };
          return [request.verb === 'gets' ? { ...value, unique: item.unique } : value];
        });
        return { kind: 'values', values };
      }
      case 'delete':
        return line(this.find(request.key) !== undefined && this.items.delete(request.key) ? 'DELETED' : 'NOT_FOUND');
      case 'incr':
      case 'decr':
        return line(this.count(request.key, request.verb === 'incr' ? request.delta : -request.delta));
      case 'touch': {
        const item = this.find(request.key);
        if (item === undefined) return line('NOT_FOUND');
        this.items.set(request.key, { ...item, expires: this.expiry(request.exptime) });
        return line('TOUCHED');
      }
      case 'flush_all':
        this.flushAt = this.now() + (request.delay ?? 0);
        this.flushWhenDue();
        return line('OK');
      case 'verbosity':
        return line('OK');
      case 'version':
        return line('VERSION');
      case 'stats':
        return request.about === 'reset' ? line('RESET') : { kind: 'stats', stats: [] };
      case 'quit':
        return undefined;
      default:
        return line(this.store(request));
    }
  }

  private store(request: Extract<MemcachedRequest, StorageFields>): string {
    const { verb, key, flags, value } = request;
    const old = this.find(key);
    const joined = old !== undefined && (verb === 'append' || verb === 'prepend');
    const tooLarge = 'SERVER_ERROR object too large for cache';
    if (value.length > maxValueBytes) {
      // What cannot be replaced must not stay: it would be stale.
      if (verb === 'set') this.items.delete(key);
      return tooLarge;
    }
    if (verb === 'cas') {
      if (old === undefined) return 'NOT_FOUND';
      if (old.unique !== request.unique) return 'EXISTS';
    } else if (verb !== 'set' && (old !== undefined) === (verb === 'add')) return 'NOT_STORED';
    const data = !joined ? value : verb === 'append' ? old.value + value : value + old.value;
    if (data.length > maxValueBytes) return tooLarge;
    const item = joined ? { flags: old.flags, expires: old.expires } : { flags, expires: this.expiry(request.exptime) };
    this.items.set(key, { ...item, value: data, unique: ++this.unique });
    return 'STORED';
  }

  /** incr (delta > 0) wraps at 2^64, decr stops at 0 and leaves the value's length: blanks fill it up. */
  private count(key: string, delta: bigint): string {
    const item = this.find(key);
    if (item === undefined) return 'NOT_FOUND';
    const digits = /^[ \t-\r]*\+?(\d+)(?=[ \t-\r]|$)/.exec(item.value)?.[1];
    const number = digits === undefined ? 1n << 64n : BigInt(digits);
    if (number >> 64n !== 0n) return 'CLIENT_ERROR cannot increment or decrement non-numeric value';
    const sum = number + delta;
    const result = String(sum < 0n ? 0n : BigInt.asUintN(64, sum));
    this.items.set(key, { ...item, value: result.padEnd(item.value.length), unique: ++this.unique });
    return result;
  }

  private find(key: string): Item | undefined {
    const item = this.items.get(key);
    if (item === undefined || item.expires === 0 || item.expires > this.now()) return item;
    this.items.delete(key);
    return undefined;
  }

  private expiry(exptime: number): number {
    if (exptime === 0) return 0;
    if (exptime < 0) return -1;
    return exptime <= maxRelativeSeconds ? this.now() + exptime : exptime;
  }

  private flushWhenDue(): void {
    if (this.flushAt === undefined || this.flushAt > this.now()) return;
    this.items.clear();
    this.flushAt = undefined;
  }
}

/** What may differ between the model and a server that is right. */
export interface MemcachedTolerance {
  /** The server has less memory than what was stored: a value may be missing, a reply may say so. */
  readonly mayEvict?: boolean;
  /** Stores of several connections interleave: CAS uniques are not predictable. */
  readonly anyUnique?: boolean;
}

/** Compares a reply with the model's. Version and statistics: only their form. */
export function sameMemcachedReply(
  expected: MemcachedReply,
  actual: MemcachedReply,
  { mayEvict = false, anyUnique = false }: MemcachedTolerance = {},
): boolean {
  if (expected.kind === 'stats') return actual.kind === 'stats' && actual.stats.length > 0;
  if (expected.kind === 'line') {
    if (actual.kind !== 'line') return false;
    if (expected.line === 'VERSION') return actual.line.startsWith('VERSION ');
    const missing = actual.line === 'NOT_FOUND' || actual.line === 'NOT_STORED';
    return actual.line === expected.line || (mayEvict && missing);
  }
  if (actual.kind !== 'values') return false;
  const got = [...actual.values];
  for (const want of expected.values) {
    const found = got[0];
    const same =
      found !== undefined &&
      found.key === want.key &&
      found.flags === want.flags &&
      found.value === want.value &&
      (anyUnique || found.unique === want.unique);
    if (same) got.shift();
    else if (!mayEvict || found?.key === want.key) return false;
  }
  return got.length === 0;
}

const line = (text: string): MemcachedReply => ({ kind: 'line', line: text });
