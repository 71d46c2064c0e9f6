/** What a Redis-like server answers, command by command, with Redis' own error texts (its 7.0). Keys are gone when they expire. */
import type { RespValue } from '../protocols/resp.js';
import { globMatches } from './glob.js';

/** Longest string value, bytes. */
export const maxStringBytes = 1 << 20;

type Value =
  | { readonly type: 'string'; readonly text: string }
  | { readonly type: 'hash'; readonly fields: Map<string, string> }
  | { readonly type: 'list'; readonly items: string[] }
  | { readonly type: 'set'; readonly members: Set<string> };

type Type = Value['type'];
type ValueOf<T extends Type> = Extract<Value, { type: T }>;

/** Ends a command with an error reply. */
class ErrorReply extends Error {}

interface Command {
  /** Number of words; negative: at least so many. */
  readonly arity: number;
  readonly run: (model: RedisModel, words: readonly string[]) => RespValue;
}

const MAX = (1n << 63n) - 1n;
const MIN = -(1n << 63n);
const notInteger = 'ERR value is not an integer or out of range';
const syntax = 'ERR syntax error';
const overflow = 'ERR increment or decrement would overflow';

export class RedisModel {
  private readonly keys = new Map<string, Value>();
  /** Milliseconds since 1970. */
  private readonly deadlines = new Map<string, number>();

  /** `now` gives milliseconds since 1970. */
  constructor(readonly now: () => number) {}

  /** The reply to a command; replies in no particular order are compared by {@link sameRedisReply}. */
  execute(words: readonly string[]): RespValue {
    const name = (words[0] ?? '').toLowerCase();
    const command = commands.get(name);
    try {
      if (command === undefined) return error(unknownCommand(words));
      const fits = command.arity >= 0 ? words.length === command.arity : words.length >= -command.arity;
      if (!fits) throw new ErrorReply(wrongNumber(name));
      return command.run(this, words);
    } catch (failure) {
      if (failure instanceof ErrorReply) return error(failure.message);
      throw failure;
    }
  }

  find<T extends Type>(key: string, type: T): ValueOf<T> | undefined {
    const value = this.peek(key);
    if (value !== undefined && value.type !== type)
      throw new ErrorReply('WRONGTYPE Operation against a key holding the wrong kind of value');
    return value as ValueOf<T> | undefined;
  }

  peek(key: string): Value | undefined {
    const deadline = this.deadlines.get(key);
    if (deadline !== undefined && deadline <= this.now()) this.remove(key);
    return this.keys.get(key);
  }

  /** Replaces a value; the time to live stays. */
  put(key: string, value: Value): void {
    this.keys.set(key, value);
  }

  remove(key: string): boolean {
    this.deadlines.delete(key);
    return this.keys.delete(key);
  }

  /** A list, hash or set without elements is no key. */
  removeIfEmpty(key: string, size: number): void {
    if (size === 0) this.remove(key);
  }

  deadline(key: string): number | undefined {
    return this.deadlines.get(key);
  }

  expireAt(key: string, deadline: number | undefined): void {
    if (deadline === undefined) this.deadlines.delete(key);
    else if (deadline <= this.now()) this.remove(key);
    else this.deadlines.set(key, deadline);
  }

  alive(): string[] {
    return [...this.keys.keys()].filter((key) => this.peek(key) !== undefined);
  }

  clear(): void {
    this.keys.clear();
    this.deadlines.clear();
  }
}

/** How a reply may differ from the model's: in order, or in a time to live by what passed between the two clocks. */
const unordered = new Set(['smembers', 'sinter', 'sunion', 'sdiff', 'keys', 'hkeys', 'hvals']);
const formOnly = new Set(['info', 'command']);

/** Compares a reply with the model's. `slackMs`: how far the clocks of server and model may be apart. */
export function sameRedisReply(
  words: readonly string[],
  expected: RespValue,
  actual: RespValue,
  { slackMs = 0 }: { slackMs?: number } = {},
): boolean {
  const name = (words[0] ?? '').toLowerCase();
  if (expected.kind !== actual.kind) return false;
  if (formOnly.has(name) && expected.kind !== 'error') return true;
  if (expected.kind === 'integer' && actual.kind === 'integer' && (name === 'ttl' || name === 'pttl')) {
    const slack = BigInt(name === 'ttl' ? Math.ceil(slackMs / 1000) : slackMs);
    const apart = expected.value - actual.value;
    return expected.value < 0n || actual.value < 0n ? apart === 0n : apart <= slack && -apart <= slack;
  }
  return flat(name, expected) === flat(name, actual);
}

function flat(name: string, value: RespValue): string {
  if (value.kind !== 'array' || value.items === null) return show(value);
  const items = value.items.map(show);
  if (unordered.has(name)) return items.sort().join(' ');
  // Field and value stay together.
  if (name === 'hgetall') return pairs(items).sort().join(' ');
  return `[${items.join(' ')}]`;
}

const pairs = (items: readonly string[]): string[] =>
  items.flatMap((item, index) => (index % 2 === 0 ? [`${item}=${items[index + 1]}`] : []));

/** One text for one value. */
function show(value: RespValue): string {
  switch (value.kind) {
    case 'integer':
      return `:${value.value}`;
    case 'bulk':
      return JSON.stringify(value.value);
    case 'array':
      return value.items === null ? '*-1' : `[${value.items.map(show).join(' ')}]`;
    default:
      return `${value.kind} ${value.text}`;
  }
}

const status = (text: string): RespValue => ({ kind: 'status', text });
const error = (text: string): RespValue => ({ kind: 'error', text });
const integer = (value: bigint | number | boolean): RespValue => ({ kind: 'integer', value: BigInt(value) });
const bulk = (value: string | undefined): RespValue => ({ kind: 'bulk', value: value ?? null });
const array = (items: readonly string[]): RespValue => ({ kind: 'array', items: items.map(bulk) });
const noArray: RespValue = { kind: 'array', items: null };
const OK = status('OK');

const wrongNumber = (name: string): string => `ERR wrong number of arguments for '${name}' command`;

/** Names the command and its first arguments, at most 128 bytes each way; line ends become blanks. */
function unknownCommand(words: readonly string[]): string {
  // Formatted as a C string: it ends with the first NUL.
  const plain = (word: string): string => word.split('\0')[0] ?? '';
  let args = '';
  for (const word of words.slice(1)) {
    if (args.length >= 128) break;
    args += `'${plain(word.slice(0, 128 - args.length))}' `;
  }
  const text = `ERR unknown command '${plain((words[0] ?? '').slice(0, 128))}', with args beginning with: ${args}`;
  return text.replace(/[\r\n]/g, ' ');
}

/** A decimal integer of 64 bits in its only spelling. */
function parse(text: string, failure = notInteger): bigint {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) throw new ErrorReply(failure);
  const value = BigInt(text);
  if (value > MAX || value < MIN) throw new ErrorReply(failure);
  return value;
}

function add(value: bigint, delta: bigint): bigint {
  const sum = value + delta;
  if (sum > MAX || sum < MIN) throw new ErrorReply(overflow);
  return sum;
}

function checkLength(length: number): void {
  if (length > maxStringBytes) throw new ErrorReply('ERR string exceeds maximum allowed size (proto-max-bulk-len)');
}

/** Deadline in ms since 1970 from a time to live. */
function deadlineOf(model: RedisModel, text: string, unitMs: bigint, command: string, absolute = false): number {
  const invalid = `ERR invalid expire time in '${command}' command`;
  const value = parse(text);
  // SET refuses what would be over at once, EXPIRE takes it.
  if (!command.includes('expire') && value <= 0n) throw new ErrorReply(invalid);
  if (value > MAX / unitMs || value < MIN / unitMs) throw new ErrorReply(invalid);
  const at = value * unitMs + (absolute ? 0n : BigInt(model.now()));
  if (at > MAX) throw new ErrorReply(invalid);
  return Number(at);
}

const incrementBy = (model: RedisModel, key: string, delta: bigint): RespValue => {
  const sum = add(parse(model.find(key, 'string')?.text ?? '0'), delta);
  model.put(key, { type: 'string', text: String(sum) });
  return integer(sum);
};

/** SET's options. */
interface SetOptions {
  nx: boolean;
  xx: boolean;
  get: boolean;
  keep: boolean;
  deadline: number | undefined;
}

function setOptions(model: RedisModel, words: readonly string[]): SetOptions {
  const found: SetOptions = { nx: false, xx: false, get: false, keep: false, deadline: undefined };
  let time: { option: string; text: string } | undefined;
  for (let at = 0; at < words.length; at++) {
    const option = words[at]!.toLowerCase();
    if (option === 'nx' && !found.xx) found.nx = true;
    else if (option === 'xx' && !found.nx) found.xx = true;
    else if (option === 'get') found.get = true;
    else if (option === 'keepttl' && time === undefined) found.keep = true;
    else if (
      /^(ex|px|exat|pxat)$/.test(option) &&
      !found.keep &&
      // The same unit twice is fine: the last counts.
      (time === undefined || time.option === option) &&
      at + 1 < words.length
    )
      time = { option, text: words[++at]! };
    else throw new ErrorReply(syntax);
  }
  if (time !== undefined)
    found.deadline = deadlineOf(
      model,
      time.text,
      time.option.startsWith('p') ? 1n : 1000n,
      'set',
      time.option.endsWith('at'),
    );
  return found;
}

function setString(model: RedisModel, [, key = '', text = '', ...rest]: readonly string[]): RespValue {
  const options = setOptions(model, rest);
  const old = options.get ? model.find(key, 'string')?.text : undefined;
  const exists = model.peek(key) !== undefined;
  if ((options.nx && exists) || (options.xx && !exists)) return bulk(options.get ? old : undefined);
  model.put(key, { type: 'string', text });
  if (!options.keep) model.expireAt(key, options.deadline);
  return options.get ? bulk(old) : OK;
}

function expire(model: RedisModel, words: readonly string[], unitMs: bigint): RespValue {
  const [name = '', key = '', text = '', ...options] = words;
  const chosen = new Set<string>();
  for (const option of options) {
    if (!/^(nx|xx|gt|lt)$/i.test(option)) throw new ErrorReply(`ERR Unsupported option ${option}`);
    chosen.add(option.toLowerCase());
  }
  if (chosen.has('nx') && chosen.size > 1)
    throw new ErrorReply('ERR NX and XX, GT or LT options at the same time are not compatible');
  if (chosen.has('gt') && chosen.has('lt'))
    throw new ErrorReply('ERR GT and LT options at the same time are not compatible');
  const deadline = deadlineOf(model, text, unitMs, name.toLowerCase());
  if (model.peek(key) === undefined) return integer(0);
  const old = model.deadline(key);
  const refused =
    (chosen.has('nx') && old !== undefined) ||
    (chosen.has('xx') && old === undefined) ||
    (chosen.has('gt') && (old === undefined || deadline <= old)) ||
    (chosen.has('lt') && old !== undefined && deadline >= old);
  if (!refused) model.expireAt(key, deadline);
  return integer(!refused);
}

function timeToLive(model: RedisModel, key: string, unitMs: number): RespValue {
  if (model.peek(key) === undefined) return integer(-2);
  const deadline = model.deadline(key);
  if (deadline === undefined) return integer(-1);
  const left = deadline - model.now();
  return integer(unitMs === 1 ? left : Math.floor((left + 500) / unitMs));
}

const fieldsOf = (model: RedisModel, key: string): ReadonlyMap<string, string> =>
  model.find(key, 'hash')?.fields ?? new Map();
const itemsOf = (model: RedisModel, key: string): readonly string[] => model.find(key, 'list')?.items ?? [];
const membersOf = (model: RedisModel, key: string): ReadonlySet<string> => model.find(key, 'set')?.members ?? new Set();

function setFields(model: RedisModel, [name = '', key = '', ...words]: readonly string[]): RespValue {
  if (words.length % 2 === 1) throw new ErrorReply(wrongNumber(name.toLowerCase()));
  const hash = model.find(key, 'hash') ?? { type: 'hash', fields: new Map<string, string>() };
  const before = hash.fields.size;
  for (let at = 0; at < words.length; at += 2) hash.fields.set(words[at]!, words[at + 1]!);
  model.put(key, hash);
  return integer(hash.fields.size - before);
}

function push(model: RedisModel, [, key = '', ...words]: readonly string[], left: boolean): RespValue {
  const list = model.find(key, 'list') ?? { type: 'list', items: [] };
  for (const word of words) {
    if (left) list.items.unshift(word);
    else list.items.push(word);
  }
  model.put(key, list);
  return integer(list.items.length);
}

function pop(model: RedisModel, words: readonly string[], left: boolean): RespValue {
  const [name = '', key = '', count] = words;
  if (words.length > 3) throw new ErrorReply(wrongNumber(name.toLowerCase()));
  const wanted = count === undefined ? 1n : positive(count);
  const list = model.find(key, 'list');
  if (list === undefined) return count === undefined ? bulk(undefined) : noArray;
  const number = Math.min(Number(wanted), list.items.length);
  const taken = left ? list.items.splice(0, number) : list.items.splice(list.items.length - number, number).reverse();
  model.removeIfEmpty(key, list.items.length);
  return count === undefined ? bulk(taken[0]) : array(taken);
}

function positive(text: string): bigint {
  const failure = 'ERR value is out of range, must be positive';
  const value = parse(text, failure);
  if (value < 0n) throw new ErrorReply(failure);
  return value;
}

/** Bounds of a range as Redis counts them: negative from the end, clipped. */
function bounds(first: string, last: string, length: number): [from: number, to: number] {
  const [start, stop] = [Number(parse(first)), Number(parse(last))];
  const from = Math.max(0, start < 0 ? length + start : start);
  const to = Math.min(length - 1, stop < 0 ? length + stop : stop);
  return from > to ? [0, 0] : [from, to + 1];
}

function position(text: string, length: number): number {
  const index = Number(parse(text));
  return index < 0 ? length + index : index;
}

function removeItems(model: RedisModel, [, key = '', count = '', word = '']: readonly string[]): RespValue {
  const wanted = Number(parse(count));
  const list = model.find(key, 'list');
  if (list === undefined) return integer(0);
  let left = wanted === 0 ? Infinity : Math.abs(wanted);
  const keep = (item: string): boolean => item !== word || left-- <= 0;
  const before = list.items.length;
  const rest = wanted < 0 ? [...list.items].reverse().filter(keep).reverse() : list.items.filter(keep);
  list.items.splice(0, before, ...rest);
  model.removeIfEmpty(key, rest.length);
  return integer(before - rest.length);
}

function popMembers(model: RedisModel, [, key = '', count, ...rest]: readonly string[]): RespValue {
  if (rest.length > 0) throw new ErrorReply(syntax);
  const wanted = count === undefined ? 1n : positive(count);
  const set = model.find(key, 'set');
  if (set === undefined) return count === undefined ? bulk(undefined) : array([]);
  // The oldest go first; Redis itself takes any.
  const taken = [...set.members].slice(0, Number(wanted));
  for (const member of taken) set.members.delete(member);
  model.removeIfEmpty(key, set.members.size);
  return count === undefined ? bulk(taken[0]) : array(taken);
}

type SetOperation = (sets: readonly ReadonlySet<string>[]) => string[];
const intersect: SetOperation = ([first, ...rest]) =>
  [...(first ?? [])].filter((member) => rest.every((set) => set.has(member)));
const unite: SetOperation = (sets) => [...new Set(sets.flatMap((set) => [...set]))];
const subtract: SetOperation = ([first, ...rest]) =>
  [...(first ?? [])].filter((member) => !rest.some((set) => set.has(member)));
const combine =
  (operation: SetOperation) =>
  (model: RedisModel, [, ...keys]: readonly string[]): RespValue =>
    array(operation(keys.map((key) => membersOf(model, key))));

function flush(model: RedisModel, [, mode, ...rest]: readonly string[]): RespValue {
  if (rest.length > 0 || (mode !== undefined && !/^(a?sync)$/i.test(mode))) throw new ErrorReply(syntax);
  model.clear();
  return OK;
}

const text = (model: RedisModel, key: string): string | undefined => model.find(key, 'string')?.text;

const commands = new Map<string, Command>(
  Object.entries<[number, Command['run']]>({
    ping: [
      -1,
      (_, words) => {
        if (words.length > 2) throw new ErrorReply(wrongNumber('ping'));
        return words.length === 2 ? bulk(words[1]) : status('PONG');
      },
    ],
    echo: [2, (_, [, word]) => bulk(word)],
    quit: [-1, () => OK],
    select: [
      2,
      (_, [, index = '']) => {
        const number = parse(index);
        // The C program holds it in 32 bits.
        if (number > 0x7fff_ffffn || number < -0x8000_0000n)
          throw new ErrorReply('ERR value is out of range, value must between -2147483648 and 2147483647');
        if (number !== 0n) throw new ErrorReply('ERR DB index is out of range');
        return OK;
      },
    ],
    info: [-1, () => bulk('')],
    command: [-1, (_, [, what]) => (/^count$/i.test(what ?? '') ? integer(0) : array([]))],
    dbsize: [1, (model) => integer(model.alive().length)],
    flushall: [-1, flush],
    flushdb: [-1, flush],
    keys: [2, (model, [, pattern = '']) => array(model.alive().filter((key) => globMatches(pattern, key)))],
    type: [2, (model, [, key = '']) => status(model.peek(key)?.type ?? 'none')],
    del: [
      -2,
      (model, [, ...keys]) => integer(keys.filter((key) => model.peek(key) !== undefined && model.remove(key)).length),
    ],
    exists: [-2, (model, [, ...keys]) => integer(keys.filter((key) => model.peek(key) !== undefined).length)],
    expire: [-3, (model, words) => expire(model, words, 1000n)],
    pexpire: [-3, (model, words) => expire(model, words, 1n)],
    ttl: [2, (model, [, key = '']) => timeToLive(model, key, 1000)],
    pttl: [2, (model, [, key = '']) => timeToLive(model, key, 1)],
    persist: [
      2,
      (model, [, key = '']) => {
        const volatile = model.peek(key) !== undefined && model.deadline(key) !== undefined;
        if (volatile) model.expireAt(key, undefined);
        return integer(volatile);
      },
    ],

    set: [-3, setString],
    get: [2, (model, [, key = '']) => bulk(text(model, key))],
    setnx: [
      3,
      (model, [, key = '', value = '']) => {
        const free = model.peek(key) === undefined;
        if (free) model.put(key, { type: 'string', text: value });
        return integer(free);
      },
    ],
    getset: [
      3,
      (model, [, key = '', value = '']) => {
        const old = text(model, key);
        model.put(key, { type: 'string', text: value });
        model.expireAt(key, undefined);
        return bulk(old);
      },
    ],
    mget: [
      -2,
      (model, [, ...keys]) =>
        array(keys.map((key) => (model.peek(key)?.type === 'string' ? text(model, key) : undefined)) as string[]),
    ],
    mset: [
      -3,
      (model, [, ...words]) => {
        if (words.length % 2 === 1) throw new ErrorReply(wrongNumber('mset'));
        for (let at = 0; at < words.length; at += 2) {
          model.put(words[at]!, { type: 'string', text: words[at + 1]! });
          model.expireAt(words[at]!, undefined);
        }
        return OK;
      },
    ],
    append: [
      3,
      (model, [, key = '', value = '']) => {
        const whole = (text(model, key) ?? '') + value;
        checkLength(whole.length);
        model.put(key, { type: 'string', text: whole });
        return integer(whole.length);
      },
    ],
    strlen: [2, (model, [, key = '']) => integer(text(model, key)?.length ?? 0)],
    incr: [2, (model, [, key = '']) => incrementBy(model, key, 1n)],
    decr: [2, (model, [, key = '']) => incrementBy(model, key, -1n)],
    incrby: [3, (model, [, key = '', delta = '']) => incrementBy(model, key, parse(delta))],
    decrby: [
      3,
      (model, [, key = '', delta = '']) => {
        const value = parse(delta);
        if (value === MIN) throw new ErrorReply('ERR decrement would overflow');
        return incrementBy(model, key, -value);
      },
    ],

    hset: [-4, setFields],
    hget: [3, (model, [, key = '', field = '']) => bulk(fieldsOf(model, key).get(field))],
    hmget: [
      -3,
      (model, [, key = '', ...names]) => {
        const fields = fieldsOf(model, key);
        return array(names.map((name) => fields.get(name)) as string[]);
      },
    ],
    hdel: [
      -3,
      (model, [, key = '', ...names]) => {
        const fields = model.find(key, 'hash')?.fields ?? new Map<string, string>();
        const removed = names.filter((name) => fields.delete(name)).length;
        model.removeIfEmpty(key, fields.size);
        return integer(removed);
      },
    ],
    hlen: [2, (model, [, key = '']) => integer(fieldsOf(model, key).size)],
    hexists: [3, (model, [, key = '', field = '']) => integer(fieldsOf(model, key).has(field))],
    hgetall: [2, (model, [, key = '']) => array([...fieldsOf(model, key)].flat())],
    hkeys: [2, (model, [, key = '']) => array([...fieldsOf(model, key).keys()])],
    hvals: [2, (model, [, key = '']) => array([...fieldsOf(model, key).values()])],
    hincrby: [
      4,
      (model, [, key = '', field = '', delta = '']) => {
        const by = parse(delta);
        const hash = model.find(key, 'hash') ?? { type: 'hash', fields: new Map<string, string>() };
        const sum = add(parse(hash.fields.get(field) ?? '0', 'ERR hash value is not an integer'), by);
        hash.fields.set(field, String(sum));
        model.put(key, hash);
        return integer(sum);
      },
    ],

    lpush: [-3, (model, words) => push(model, words, true)],
    rpush: [-3, (model, words) => push(model, words, false)],
    lpop: [-2, (model, words) => pop(model, words, true)],
    rpop: [-2, (model, words) => pop(model, words, false)],
    llen: [2, (model, [, key = '']) => integer(itemsOf(model, key).length)],
    lindex: [
      3,
      (model, [, key = '', index = '']) => {
        const items = itemsOf(model, key);
        return bulk(model.peek(key) === undefined ? undefined : items[position(index, items.length)]);
      },
    ],
    lset: [
      4,
      (model, [, key = '', index = '', word = '']) => {
        const list = model.find(key, 'list');
        if (list === undefined) throw new ErrorReply('ERR no such key');
        const at = position(index, list.items.length);
        if (at < 0 || at >= list.items.length) throw new ErrorReply('ERR index out of range');
        list.items[at] = word;
        return OK;
      },
    ],
    lrange: [
      4,
      (model, [, key = '', first = '', last = '']) => {
        bounds(first, last, 0);
        const items = itemsOf(model, key);
        return array(items.slice(...bounds(first, last, items.length)));
      },
    ],
    lrem: [4, removeItems],
    ltrim: [
      4,
      (model, [, key = '', first = '', last = '']) => {
        bounds(first, last, 0);
        const list = model.find(key, 'list');
        if (list === undefined) return OK;
        const kept = list.items.slice(...bounds(first, last, list.items.length));
        list.items.splice(0, list.items.length, ...kept);
        model.removeIfEmpty(key, kept.length);
        return OK;
      },
    ],

    sadd: [
      -3,
      (model, [, key = '', ...words]) => {
        const set = model.find(key, 'set') ?? { type: 'set', members: new Set<string>() };
        const before = set.members.size;
        for (const word of words) set.members.add(word);
        model.put(key, set);
        return integer(set.members.size - before);
      },
    ],
    srem: [
      -3,
      (model, [, key = '', ...words]) => {
        const members = model.find(key, 'set')?.members ?? new Set<string>();
        const removed = words.filter((word) => members.delete(word)).length;
        model.removeIfEmpty(key, members.size);
        return integer(removed);
      },
    ],
    smembers: [2, combine(unite)],
    sismember: [3, (model, [, key = '', word = '']) => integer(membersOf(model, key).has(word))],
    scard: [2, (model, [, key = '']) => integer(membersOf(model, key).size)],
    sinter: [-2, combine(intersect)],
    sunion: [-2, combine(unite)],
    sdiff: [-2, combine(subtract)],
    spop: [-2, popMembers],
  }).map(([name, [arity, run]]) => [name, { arity, run }]),
);

/** Names of all commands, for generators of command streams. */
export const redisCommands: readonly string[] = [...commands.keys()];
