/** Command line of `dvfarm exec`: arguments -> what to build and where output goes. */
import {
  ConfigError,
  engineNames,
  parseAddress,
  type EngineName,
  type MachineOptions,
  type SettingValue,
  type WatchKind,
} from '#libs/riscv-core';

export interface FileAt {
  readonly file: string;
  readonly address: bigint;
}

/** Far ends of the network link. */
export const netNames = ['none', 'echo'] as const;
export type NetName = (typeof netNames)[number];

/** What is watched: `place` is an address or SYMBOL[+OFFSET], to be looked up when the symbols are known. */
export interface WatchOption {
  readonly place: string;
  /** Bytes. */
  readonly size: number;
  readonly kind: WatchKind;
}

/** When a snapshot is taken: at the end of the turn in which the machine reaches it. */
export interface SnapshotPoint {
  readonly unit: 'cycle' | 'instret';
  readonly value: number;
}

export interface ExecOptions {
  readonly elf?: string;
  readonly load: readonly FileAt[];
  readonly initrd?: FileAt;
  readonly dtb?: string;
  readonly entry?: bigint;
  readonly append?: string;
  /** Content of the block device, and where it goes when the run has ended. */
  readonly blk?: string;
  readonly blkOut?: string;
  readonly net: NetName;
  readonly machine: MachineOptions;
  readonly engine: EngineName;
  readonly maxInstructions?: number;
  readonly signature?: string;
  /** Snapshot that the machine is made from; then no image and no option of the machine is given. */
  readonly resume?: string;
  /** Without a point it is taken where --max-instructions stops the run. */
  readonly snapshotOut?: { readonly file: string; readonly at?: SnapshotPoint };
  /** File for the cycle model's event counts, and cycles from one sample to the next. */
  readonly counters?: string;
  readonly sampleEvery?: number;
  /** File for the console; undefined = standard input and output. */
  readonly uart?: string;
  /** TCP port for GDB; 0 = any free one. */
  readonly gdb?: number;
  readonly commitLog?: string;
  /** Folded stacks, or a flame graph when the name ends in .svg. */
  readonly profile?: string;
  readonly watch: readonly WatchOption[];
  readonly symbols: readonly string[];
  readonly hashEvery?: { readonly cycles: number; readonly file: string };
  readonly json: boolean;
}

export const help = `usage: dvfarm exec [FILE.elf] [options]

Runs a program on the bare machine.

images
  --load FILE@0xADDR        load a raw image at a physical address (repeatable)
  --initrd FILE@0xADDR      load an initial RAM disk and name it in /chosen
  --dtb FILE                device tree instead of the generated one; /chosen is patched all the same
  --entry 0xADDR            first program counter (default: the ELF's entry, else the lowest address loaded)
  --append "ARGUMENTS"      kernel arguments (/chosen bootargs)
devices
  --blk FILE                virtio block device with the file's content, zeros up to a whole sector; FILE is not changed
  --blk-out FILE            write the block device's content there at the end
  --net none|echo           virtio network device whose far end sends every frame back (default none: no device)
machine
  --machine virt|firesim    preset (default virt)
  --harts N                 1 to 8 (default 1)
  --memory 512M             RAM, at most 2G (default 512M)
  --isa STRING              default rv64gch; behind it, with _: zba zbb zbs (all three: b) sstc svadu svinval
  --misaligned trap|emulate misaligned accesses to RAM (default: virt emulate, firesim trap)
  --dvext none|rocket|qemu|strict
                            delegated virtualization extension (default: virt none, firesim rocket)
  --timing none|rocket[:PRESET]
                            cycle model (default: virt none, firesim rocket)
  --set NAME=VALUE          a parameter of the machine or the cycle model (repeatable)
  --quantum N               cycles of one hart's turn (default 8000)
  --seed N                  what randomness inside the machine follows from (default 0)
run
  --engine jit|interpreter|reference
                            default jit; all give the same cycles
  --max-instructions N      stop at the first yield point at or after N instructions, exit 124; traps in a row count too
  --signature FILE          write begin_signature..end_signature as 8-byte hexadecimal words
  --counters FILE           write the cycle model's event counts by hart and privilege mode (CSV)
  --sample-every N          ... as a series, a sample every N cycles (default: one, of the whole run)
  --uart stdio|FILE         where the console goes (default stdio)
  --snapshot-out FILE[@cycle=N|@instret=N]
                            save the machine when it has reached cycle N, or N instructions of all harts, and go on; without a point: where
                            --max-instructions stops it, which with several harts cuts a turn: what follows takes turns otherwise than a
                            run that was not stopped. If it ends before, there is no file and exit 0 becomes 1
  --resume FILE             go on from a snapshot instead of loading images; it brings the machine and its options, on any engine. Its instructions
                            so far count for --max-instructions. A damaged file or one of another version: exit 2
  --json                    one JSON line on standard output; the console goes to standard error

looking on: at no target cost, cycles and state are those of a run without
  --gdb PORT                wait for gdb-multiarch on 127.0.0.1:PORT (0: any free port, printed) before the first instruction: registers, memory,
                            break, step, watch, continue, detach; harts are threads; "monitor counts"
  --commit-log FILE         what every hart retires, in the format of Spike's --log-commits
  --profile FILE            cycles by stack of functions: folded stacks, or a flame graph when FILE ends in .svg
  --watch ADDR[:LEN][:r|w|rw]
                            a line on standard error for every load, store or both of LEN bytes from the virtual address on: hart, cycle, pc, address,
                            value before and after (repeatable; LEN is 8, accesses are stores unless told otherwise; ADDR may be SYMBOL or SYMBOL+0x10)
  --symbols FILE            more symbols for both, lines of 16 hexadecimal digits and a name (repeatable; the ELF's are known)
  --hash-every N@FILE       a line "cycle instret hash" whenever N more cycles have passed, each hash over the one before and the whole state:
                            the first line that differs between two runs is where they part
                            Stepping, watchpoints, profile and commit log show every instruction: --engine jit then interprets

exit code: HTIF tohost >> 1 or the finisher's code (255 at most), 124 instruction limit, 125 deadlock, 70 our own bug,
2 bad usage
`;

const valued = [
  'load',
  'initrd',
  'dtb',
  'entry',
  'append',
  'blk',
  'blk-out',
  'net',
  'machine',
  'harts',
  'memory',
  'isa',
  'misaligned',
  'dvext',
  'engine',
  'timing',
  'set',
  'quantum',
  'seed',
  'max-instructions',
  'signature',
  'counters',
  'sample-every',
  'uart',
  'snapshot-out',
  'resume',
  'gdb',
  'commit-log',
  'profile',
  'watch',
  'symbols',
  'hash-every',
] as const;
type Valued = (typeof valued)[number];
const repeatable: readonly Valued[] = ['load', 'set', 'watch', 'symbols'];
/** What a snapshot says, or what only a machine that starts anew has use for. */
const notWithResume: readonly Valued[] = valued.slice(0, valued.indexOf('engine'));

/** 'help' when help was asked for. Throws {@link ConfigError}. */
export function parseExecArguments(args: readonly string[]): ExecOptions | 'help' {
  const { values, operands, flags } = split(args);
  if (flags.has('help')) return 'help';
  if (operands.length > 1)
    throw new ConfigError(
      'arguments',
      operands.map((operand) => JSON.stringify(operand)).join(' '),
      'at most one FILE.elf',
    );
  const one = (name: Valued): string | undefined => values.get(name)?.[0];
  const optional = <Value>(name: Valued, read: (text: string, where: string) => Value): Value | undefined => {
    const text = one(name);
    return text === undefined ? undefined : read(text, `--${name}`);
  };

  const load = (values.get('load') ?? []).map((text) => fileAt(text, '--load'));
  const [elf] = operands;
  const resume = one('resume');
  if (resume !== undefined) refuseBeside(resume, operands, values);
  else if (elf === undefined && load.length === 0)
    throw new ConfigError('arguments', 'nothing to run', 'FILE.elf or --load FILE@0xADDR');
  const beside = (['commit-log', 'profile', 'watch', 'hash-every', 'snapshot-out'] as const).find((name) =>
    values.has(name),
  );
  if (values.has('gdb') && beside !== undefined)
    throw new ConfigError('--gdb', `--${beside} with it`, 'none: GDB decides where the run stops');
  const uart = one('uart');
  const blk = one('blk');
  const blkOut = one('blk-out');
  if (blkOut !== undefined && blk === undefined && resume === undefined)
    throw new ConfigError('--blk-out', 'no block device', '--blk FILE with it');

  if (one('sample-every') !== undefined && one('counters') === undefined)
    throw new ConfigError('--sample-every', 'no file for the samples', '--counters FILE with it');

  // The values of --machine, --misaligned and --dvext are checked by resolveConfig, which knows the names.
  const machine: Record<string, unknown> = {
    machine: one('machine'),
    harts: optional('harts', wholeNumber),
    memoryBytes: optional('memory', byteCount),
    isa: one('isa'),
    misaligned: one('misaligned'),
    dvext: one('dvext'),
    timing: one('timing'),
    set: settings(values.get('set') ?? []),
    quantum: optional('quantum', wholeNumber),
    seed: optional('seed', wholeNumber),
  };
  return {
    ...present({
      elf,
      initrd: optional('initrd', fileAt),
      dtb: one('dtb'),
      entry: optional('entry', parseAddress),
      append: one('append'),
      blk,
      blkOut,
      maxInstructions: optional('max-instructions', positive),
      signature: one('signature'),
      counters: one('counters'),
      sampleEvery: optional('sample-every', positive),
      uart: uart === 'stdio' ? undefined : uart,
      resume,
      snapshotOut: optional('snapshot-out', snapshotOut),
      gdb: optional('gdb', port),
      commitLog: one('commit-log'),
      profile: one('profile'),
      hashEvery: optional('hash-every', hashEvery),
    }),
    load,
    watch: (values.get('watch') ?? []).map((text) => watchOption(text)),
    symbols: values.get('symbols') ?? [],
    net: oneOf('--net', one('net') ?? 'none', netNames),
    machine: present(machine) as MachineOptions,
    engine: engineNamed(one('engine') ?? 'jit'),
    json: flags.has('json'),
  };
}

function split(args: readonly string[]): { values: Map<Valued, string[]>; operands: string[]; flags: Set<string> } {
  const values = new Map<Valued, string[]>();
  const operands: string[] = [];
  const flags = new Set<string>();
  for (let at = 0; at < args.length; at += 1) {
    const argument = args[at] ?? '';
    const match = /^--([^=]+)(?:=([\s\S]*))?$/.exec(argument);
    if (argument === '-h') flags.add('help');
    else if (match?.[1] === undefined) {
      if (argument.startsWith('-')) throw unknown(argument);
      operands.push(argument);
    } else if (match[1] === 'json' || match[1] === 'help') {
      if (match[2] !== undefined) throw new ConfigError(`--${match[1]}`, JSON.stringify(match[2]), 'no value');
      flags.add(match[1]);
    } else {
      const name = valued.find((known) => known === match[1]);
      if (name === undefined) throw unknown(`--${match[1]}`);
      const value = match[2] ?? args[(at += 1)];
      if (value === undefined) throw new ConfigError(`--${name}`, 'no value', 'one');
      const before = values.get(name);
      if (before === undefined) values.set(name, [value]);
      else if (repeatable.includes(name)) before.push(value);
      else throw new ConfigError(`--${name}`, 'the option twice', 'it once');
    }
  }
  return { values, operands, flags };
}

function refuseBeside(resume: string, operands: readonly string[], values: ReadonlyMap<Valued, string[]>): void {
  const option = notWithResume.find((name) => name !== 'blk-out' && values.has(name));
  const found = operands[0] ?? (option === undefined ? undefined : `--${option}`);
  if (found !== undefined)
    throw new ConfigError(
      `--resume ${resume}`,
      `${found} with it`,
      'none: a snapshot brings images, devices and machine',
    );
}

/** `FILE`, `FILE@cycle=N`, `FILE@instret=N`. */
function snapshotOut(text: string, where: string): { file: string; at?: SnapshotPoint } {
  const match = /^(.+)@(cycle|instret)=(.*)$/.exec(text);
  if (match?.[1] === undefined || match[3] === undefined) return { file: text };
  const value = positive(match[3], where);
  return { file: match[1], at: { unit: match[2] === 'cycle' ? 'cycle' : 'instret', value } };
}

/** `ADDR[:LEN][:r|w|rw]`. */
function watchOption(text: string): WatchOption {
  const [place = '', ...rest] = text.split(':');
  const kind = rest.length > 0 ? watchKinds[rest.at(-1)!] : undefined;
  if (kind !== undefined) rest.pop();
  const [size, ...more] = rest;
  if (place === '' || more.length > 0) throw new ConfigError('--watch', JSON.stringify(text), 'ADDR[:LEN][:r|w|rw]');
  return { place, size: size === undefined ? 8 : positive(size, '--watch'), kind: kind ?? 'write' };
}

const watchKinds: Readonly<Record<string, WatchKind>> = { r: 'read', w: 'write', rw: 'access' };

function port(text: string, where: string): number {
  const value = wholeNumber(text, where);
  if (value > 65535) throw new ConfigError(where, text, 'a port from 0 to 65535');
  return value;
}

/** `N@FILE`. */
function hashEvery(text: string, where: string): { cycles: number; file: string } {
  const match = /^([^@]*)@(.+)$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) throw new ConfigError(where, JSON.stringify(text), 'N@FILE');
  return { cycles: positive(match[1], where), file: match[2] };
}

function unknown(option: string): ConfigError {
  return new ConfigError(option, 'an unknown option', 'one of those that "dvfarm exec --help" lists');
}

function fileAt(text: string, where: string): FileAt {
  const at = text.lastIndexOf('@');
  if (at <= 0) throw new ConfigError(where, JSON.stringify(text), 'FILE@0xADDR');
  return { file: text.slice(0, at), address: parseAddress(text.slice(at + 1), where) };
}

function wholeNumber(text: string, where: string): number {
  if (!/^[0-9]{1,15}$/.test(text)) throw new ConfigError(where, JSON.stringify(text), 'a whole number');
  return Number(text);
}

function positive(text: string, where: string): number {
  const value = wholeNumber(text, where);
  if (value === 0) throw new ConfigError(where, '0', 'a whole number from 1');
  return value;
}

/** `512M`: bytes with an optional K, M or G (powers of 1024). */
function byteCount(text: string, where: string): number {
  const match = /^([0-9]{1,12})([KMG]?)(?:i?B)?$/i.exec(text);
  if (match?.[1] === undefined) throw new ConfigError(where, JSON.stringify(text), 'a size such as 512M');
  const unit = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 }[(match[2] ?? '').toUpperCase()] ?? 1;
  return Number(match[1]) * unit;
}

function settings(texts: readonly string[]): Record<string, SettingValue> {
  const set: Record<string, SettingValue> = {};
  for (const text of texts) {
    const match = /^([A-Za-z][A-Za-z0-9.]*)=(.+)$/.exec(text);
    if (match?.[1] === undefined || match[2] === undefined)
      throw new ConfigError('--set', JSON.stringify(text), 'NAME=VALUE, NAME being a dotted name');
    if (match[1] in set) throw new ConfigError('--set', `${match[1]} twice`, 'each name once');
    set[match[1]] = settingValue(match[2]);
  }
  return set;
}

function settingValue(text: string): SettingValue {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?[0-9]+(\.[0-9]+)?$/.test(text) ? Number(text) : text;
}

function engineNamed(text: string): EngineName {
  return oneOf('--engine', text, engineNames);
}

function oneOf<Name extends string>(where: string, text: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === text);
  if (found === undefined) throw new ConfigError(where, JSON.stringify(text), `one of ${names.join(', ')}`);
  return found;
}

/** Without the properties that are undefined. */
function present<Shape extends object>(shape: Shape): { [Key in keyof Shape]?: Exclude<Shape[Key], undefined> } {
  return Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Shape]?: Exclude<Shape[Key], undefined>;
  };
}
