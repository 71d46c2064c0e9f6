/**
 * Every parameter of the cycle model `rocket`: name, default (the evaluation machine, preset `firesim-osdi23`), unit,
 * range, and where the number comes from. docs/timing-model.md explains what each stands for.
 *
 * mark: S = stated in a public source, D = derived by counting pipeline stages, C = calibration knob, M = the model's own
 * choice. section: of rocket-timing.md.
 */
import * as limit from './limits.js';
import * as slot from './parameter-slots.js';

export interface Parameter {
  readonly name: string;
  readonly value: number;
  readonly unit:
    | 'cycles'
    | 'memory cycles'
    | 'MHz'
    | 'entries'
    | 'sets'
    | 'ways'
    | 'bytes'
    | 'bits'
    | 'choice'
    | 'instructions'
    | 'seed';
  readonly min: number;
  readonly max: number;
  /** Sizes that index by masking. */
  readonly powerOfTwo?: true;
  readonly mark: 'S' | 'D' | 'C' | 'M';
  readonly section: string;
  readonly text: string;
  /** Offset in the parameter block of the core; absent = used only for static costs. */
  readonly slot?: number;
}

type Source = readonly [mark: Parameter['mark'], section: string];
type Rest = Pick<Parameter, 'unit' | 'min' | 'max' | 'powerOfTwo' | 'slot'>;

const cycles: Rest = { unit: 'cycles', min: 0, max: 1000 };
const memoryCycles: Rest = { unit: 'memory cycles', min: 0, max: 10_000 };
const seed: Rest = { unit: 'seed', min: 1, max: 0xffff };
const count = (unit: Parameter['unit'], max: number, min = 1): Rest => ({ unit, min, max });
const power = (unit: Parameter['unit'], max: number): Rest => ({ unit, min: 1, max, powerOfTwo: true });

const row = (
  name: string,
  value: number,
  rest: Rest,
  [mark, section]: Source,
  text: string,
  at?: number,
): Parameter => ({
  name,
  value,
  ...rest,
  mark,
  section,
  text,
  ...(at === undefined ? {} : { slot: at }),
});

export const parameters: readonly Parameter[] = [
  row('clock.core', 3200, count('MHz', 10_000), ['S', '1'], 'core, L1, L2, buses', slot.P_CORE_MHZ),
  row('clock.memory', 1000, count('MHz', 10_000), ['S', '1'], 'memory bus, LLC, DRAM', slot.P_MEMORY_MHZ),

  row('pipeline.load', 2, count('cycles', 20), ['S', '2'], 'word or double-word load to its use, L1 hit'),
  row('pipeline.loadSub', 3, count('cycles', 20), ['S', '2'], 'byte or half-word load to its use'),
  row('pipeline.amo', 2, count('cycles', 20), ['D', '2'], 'AMO or LR to its use'),
  row('pipeline.sc', 3, count('cycles', 20), ['S', '2'], 'SC to its use'),
  row('pipeline.csr', 3, count('cycles', 20), ['S', '2'], 'CSR read to its use'),
  row('pipeline.fpLoad', 4, count('cycles', 20), ['D', '2'], 'floating-point load to its use'),
  row(
    'pipeline.fpToX',
    3,
    count('cycles', 20),
    ['D', '2'],
    'comparison, classification, conversion or move to x to its use',
  ),
  row('pipeline.fpShort', 4, count('cycles', 20), ['S', '2'], 'conversion from x or format, sign, min, max to its use'),
  row('pipeline.fpSingle', 4, count('cycles', 20), ['S', '2'], 'single-precision add, multiply, fused to its use'),
  row('pipeline.fpDouble', 5, count('cycles', 20), ['S', '2'], 'double-precision add, multiply, fused to its use'),
  row('pipeline.fpDivSingle', 28, count('cycles', 200), ['C', '2'], 'single-precision divide, square root to its use'),
  row('pipeline.fpDivDouble', 57, count('cycles', 200), ['C', '2'], 'double-precision divide, square root to its use'),
  row('pipeline.flush', 4, cycles, ['D', '3'], 'lost to a flush in write-back: CSR write, trap return, fence.i, HLV'),
  row('pipeline.fence', 2, cycles, ['D', '4'], 'wait of the next access behind FENCE'),
  row('pipeline.storeLoad', 5, cycles, ['D', '4'], 'replay of a load that reads a byte still in the store buffer'),
  row('pipeline.lookahead', 8, count('instructions', 64), ['M', '10'], 'successors that a static cost looks at'),

  row(
    'muldiv.fixed',
    2,
    count('cycles', 20),
    ['C', '2'],
    'multiply or divide beyond its iterations',
    slot.P_MULDIV_FIXED,
  ),
  row('muldiv.mulBits', 8, count('bits', 64), ['D', '2'], 'multiplier bits per iteration', slot.P_MUL_BITS),

  // At least 1: a program that only traps still comes to the end of its turn.
  row(
    'trap.entry',
    5,
    count('cycles', 1000),
    ['D', '3'],
    'trapping instruction to first handler instruction',
    slot.P_TRAP_ENTRY,
  ),

  row('branch.mispredict', 3, cycles, ['S', '3'], 'wrong direction or target', slot.P_MISPREDICT),
  row('branch.predecode', 2, cycles, ['D', '3'], 'taken transfer found by fetch predecode only', slot.P_PREDECODE),
  row('btb.entries', 28, count('entries', limit.MAX_BTB, 2), ['S', '3'], 'branch target buffer', slot.P_BTB_ENTRIES),
  row(
    'btb.pages',
    6,
    count('entries', limit.MAX_BTB_PAGES, 2),
    ['S', '3'],
    'page registers of the branch target buffer',
    slot.P_BTB_PAGES,
  ),
  row(
    'bht.entries',
    512,
    { ...power('entries', limit.MAX_BHT), min: 64 },
    ['S', '3'],
    'history table',
    slot.P_BHT_ENTRIES,
  ),
  row('bht.history', 8, count('bits', 16, 3), ['S', '3'], 'global history', slot.P_BHT_HISTORY),
  row('bht.fold', 3, count('bits', 3), ['S', '3'], 'bits that the history is folded to', slot.P_BHT_HISTORY_FOLD),
  row('ras.entries', 6, count('entries', limit.MAX_RAS), ['S', '3'], 'return-address stack', slot.P_RAS_ENTRIES),

  row(
    'l1i.sets',
    64,
    power('sets', limit.MAX_L1_SETS),
    ['S', '4'],
    'instruction cache, 64-byte lines',
    slot.P_L1I_SETS,
  ),
  row('l1i.ways', 4, power('ways', limit.MAX_L1_WAYS), ['S', '4'], 'instruction cache', slot.P_L1I_WAYS),
  row('l1i.seed', 1, seed, ['M', '10'], 'start value of its replacement LFSR', slot.P_L1I_LFSR),
  row('l1d.sets', 64, power('sets', limit.MAX_L1_SETS), ['S', '4'], 'data cache, 64-byte lines', slot.P_L1D_SETS),
  row('l1d.ways', 4, power('ways', limit.MAX_L1_WAYS), ['S', '4'], 'data cache', slot.P_L1D_WAYS),
  row('l1d.seed', 1, seed, ['M', '10'], 'start value of its replacement LFSR', slot.P_L1D_LFSR),
  row('l1d.writeback', 20, cycles, ['D', '4'], 'dirty victim, before the refill starts', slot.P_L1D_WRITEBACK),

  row(
    'tlb.sectors',
    32,
    count('entries', limit.MAX_TLB_SECTORS, 2),
    ['S', '5'],
    'ITLB and DTLB: entries of 4 pages',
    slot.P_TLB_SECTORS,
  ),
  row(
    'tlb.superpages',
    4,
    count('entries', limit.MAX_TLB_SUPERPAGES, 2),
    ['S', '5'],
    'ITLB and DTLB',
    slot.P_TLB_SUPERPAGES,
  ),
  row(
    'l2tlb.entries',
    1024,
    power('entries', limit.MAX_L2TLB),
    ['S', '5'],
    'L2 TLB, 4 KiB pages',
    slot.P_L2TLB_ENTRIES,
  ),
  row('tlb.exact', 0, count('choice', 1, 0), ['M', '10'], '1 = hits touch the pseudo-LRU too; slow', slot.P_TLB_EXACT),
  row('l2tlb.hit', 9, cycles, ['C', '5'], 'L1 TLB miss that hits in the L2 TLB', slot.P_L2TLB_HIT),
  row('walk.pteCache', 8, count('entries', limit.MAX_PTE_CACHE, 2), ['S', '5'], 'non-leaf PTEs', slot.P_PTE_CACHE),
  row(
    'walk.gstageCache',
    32,
    count('entries', limit.MAX_PTE_CACHE, 2),
    ['S', '5'],
    'host pages of VS-stage tables',
    slot.P_GSTAGE_CACHE,
  ),
  row('walk.base', 9, cycles, ['D', '5'], 'miss in both TLBs, without the PTE reads', slot.P_WALK_BASE),
  row('walk.step', 5, cycles, ['D', '5'], 'PTE read that hits in the L1D', slot.P_WALK_STEP),
  row('walk.cached', 1, cycles, ['D', '5'], 'step answered by a walk cache', slot.P_WALK_CACHED),

  row('l2.sets', 1024, power('sets', 4096), ['S', '6'], 'L2, 64-byte lines', slot.P_L2_SETS),
  row('l2.ways', 8, power('ways', 32), ['S', '6'], 'L2', slot.P_L2_WAYS),
  row('l2.seed', 1, seed, ['M', '10'], 'start value of its replacement LFSR', slot.P_L2_LFSR),
  row('l2.hit', 16, cycles, ['C', '6'], 'L1 miss that hits in the L2, beyond an L1 hit', slot.P_L2_HIT),
  row('l2.upgrade', 8, cycles, ['D', '6'], 'shared to exclusive', slot.P_L2_UPGRADE),
  row('l2.upgradeProbe', 6, cycles, ['D', '6'], 'more when others share the line', slot.P_L2_UPGRADE_PROBE),
  row('l2.probe', 10, cycles, ['D', '6'], 'round trip to another L1D', slot.P_L2_PROBE),
  row('l2.probeData', 8, cycles, ['D', '6'], 'more when it had modified the line', slot.P_L2_PROBE_DATA),
  row('l2.miss', 6, cycles, ['C', '6'], 'L2 to memory bus, way back included', slot.P_L2_MISS),
  row('l2.beats', 8, cycles, ['S', '6'], 'a line keeps the way to the L1s busy', slot.P_L2_BEATS),

  row('bus.crossing', 3, memoryCycles, ['C', '6'], 'clock crossing, each way', slot.P_CROSSING),
  row('llc.sets', 4096, power('sets', 16_384), ['S', '7'], 'last-level cache', slot.P_LLC_SETS),
  row('llc.ways', 8, power('ways', 32), ['S', '7'], 'last-level cache', slot.P_LLC_WAYS),
  row(
    'llc.block',
    128,
    { unit: 'bytes', min: 64, max: 256, powerOfTwo: true },
    ['S', '7'],
    'block',
    slot.P_LLC_BLOCK_BYTES,
  ),
  row('llc.seed', 1, seed, ['M', '10'], 'start value of its replacement LFSR', slot.P_LLC_LFSR),
  row('llc.hit', 3, memoryCycles, ['S', '7'], 'address accepted to first beat', slot.P_LLC_HIT),
  row('llc.beats', 8, memoryCycles, ['S', '7'], 'beats of a 64-byte line', slot.P_LLC_BEATS),
  row('llc.occupancy', 10, memoryCycles, ['D', '7'], 'a line that hits keeps the array busy', slot.P_LLC_OCCUPANCY),
  row('llc.mshrs', 8, count('entries', limit.MAX_LLC_MSHRS), ['S', '7'], 'misses at a time', slot.P_LLC_MSHRS),

  row('dram.ranks', 4, power('entries', limit.MAX_DRAM_RANKS), ['S', '8'], 'ranks', slot.P_DRAM_RANKS),
  row('dram.banks', 8, power('entries', 16), ['S', '8'], 'banks of a rank', slot.P_DRAM_BANKS),
  row('dram.row', 8192, { ...power('bytes', 65_536), min: 1024 }, ['S', '8'], 'row of a bank', slot.P_DRAM_ROW_BYTES),
  row('dram.frontend', 3, memoryCycles, ['D', '8'], 'request to its first command', slot.P_DRAM_FRONTEND),
  row('dram.backend', 2, memoryCycles, ['S', '8'], 'column data to the LLC', slot.P_DRAM_BACKEND),
  row('dram.tCAS', 14, memoryCycles, ['S', '8'], 'column command to data', slot.P_DRAM_CAS),
  row('dram.tRCD', 14, memoryCycles, ['S', '8'], 'activate to column command', slot.P_DRAM_RCD),
  row('dram.tRP', 14, memoryCycles, ['S', '8'], 'precharge to activate', slot.P_DRAM_RP),
  row('dram.tRAS', 33, memoryCycles, ['S', '8'], 'activate to precharge', slot.P_DRAM_RAS),
  row('dram.tFAW', 25, memoryCycles, ['S', '8'], 'five activations of a rank', slot.P_DRAM_FAW),
  row('dram.tRRD', 8, memoryCycles, ['S', '8'], 'activations of two banks of a rank', slot.P_DRAM_RRD),
  row('dram.tCCD', 4, memoryCycles, ['S', '8'], 'two column commands', slot.P_DRAM_CCD),
  row('dram.tCWD', 10, memoryCycles, ['S', '8'], 'write command to data', slot.P_DRAM_CWD),
  row('dram.tWR', 15, memoryCycles, ['S', '8'], 'end of write data to precharge', slot.P_DRAM_WR),
  row('dram.tWTR', 8, memoryCycles, ['S', '8'], 'end of write data to a read of the rank', slot.P_DRAM_WTR),
  row('dram.tRTP', 8, memoryCycles, ['S', '8'], 'read to precharge', slot.P_DRAM_RTP),
  row('dram.tRTRS', 2, memoryCycles, ['S', '8'], 'change of the rank', slot.P_DRAM_RTRS),
  row(
    'dram.tREFI',
    7800,
    { ...memoryCycles, max: 100_000 },
    ['S', '8'],
    'between refreshes of a rank, 0 = none',
    slot.P_DRAM_REFI,
  ),
  row('dram.tRFC', 160, memoryCycles, ['S', '8'], 'a refresh', slot.P_DRAM_RFC),

  row('lrsc.cycles', 80, cycles, ['S', '3'], 'a reservation', slot.P_LRSC_CYCLES),
  row(
    'lrsc.backoff',
    3,
    { ...cycles, max: 0x3f },
    ['S', '3'],
    'of which SC is refused in the last',
    slot.P_LRSC_BACKOFF,
  ),
  row('mmio.roundTrip', 16, cycles, ['C', '9'], 'uncached access to a device', slot.P_MMIO_ROUND_TRIP),
];

/** A parameter or preset that does not exist or a value it cannot have. The message is one line. */
export class ParameterError extends Error {
  constructor(
    /** What was asked for: `--timing rocket:x`, `--set l1d.ways`. */
    readonly where: string,
    readonly found: string,
    readonly expected: string,
  ) {
    super(`${where}: found ${found}, expected ${expected}`);
    this.name = 'ParameterError';
  }
}

/** Values of all parameters, by name. */
export type ParameterValues = ReadonlyMap<string, number>;

const DEFAULT_PRESET = 'firesim-osdi23';

/** What a preset changes of the defaults. */
const presets: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  /** The machine of the published evaluation. */
  [DEFAULT_PRESET]: {},
  /** Everything in one clock domain of 1 GHz, synchronous memory bus: a register each way instead of a crossing (rocket-timing.md 1). */
  'firesim-1ghz': { 'clock.core': 1000, 'clock.memory': 1000, 'bus.crossing': 1 },
  /** Recent Chipyard's "huge" core: L1s of 32 KiB, 8 ways (rocket-timing.md 4), and the stock core's TLBs and walk caches (5). */
  'chipyard-huge': { 'l1i.ways': 8, 'l1d.ways': 8, 'tlb.sectors': 8, 'walk.gstageCache': 8 },
};

export const presetNames: readonly string[] = Object.keys(presets);

/** Room for the product of two sizes. */
const products = [
  { a: 'l2.sets', b: 'l2.ways', max: limit.MAX_L2_LINES },
  { a: 'dram.ranks', b: 'dram.banks', max: limit.MAX_DRAM_BANKS },
  { a: 'llc.sets', b: 'llc.ways', max: limit.MAX_LLC_BLOCKS },
];

const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));

function check(name: string, value: unknown): number {
  const where = `--set ${name}`;
  const parameter = byName.get(name);
  if (parameter === undefined) throw new ParameterError(where, 'no such parameter', nearest(name));
  const { min, max, powerOfTwo } = parameter;
  const whole = typeof value === 'number' && Number.isInteger(value);
  const power = powerOfTwo === undefined || (whole && (value & (value - 1)) === 0);
  if (!whole || value < min || value > max || !power) {
    const kind = powerOfTwo ? 'a power of two' : 'a whole number';
    throw new ParameterError(where, String(value), `${kind} from ${min} to ${max} (${parameter.unit})`);
  }
  return value;
}

/** Help for a misspelt name: the parameters of the same unit, or all units. */
function nearest(name: string): string {
  const prefix = `${name.split('.')[0] ?? ''}.`;
  const same = parameters.filter((parameter) => parameter.name.startsWith(prefix)).map((parameter) => parameter.name);
  if (same.length > 0) return `one of ${same.join(', ')}`;
  const units = new Set(parameters.map((parameter) => parameter.name.split('.')[0] ?? ''));
  return `a name that begins with one of ${[...units].map((unit) => `${unit}.`).join(' ')}`;
}

/** Values of `rocket` with a preset and single parameters set; ParameterError for anything it cannot be. */
export function resolveParameters(
  preset: string = DEFAULT_PRESET,
  set: Readonly<Record<string, unknown>> = {},
): ParameterValues {
  const changes = Object.hasOwn(presets, preset) ? presets[preset] : undefined;
  if (changes === undefined) {
    throw new ParameterError('--timing', `rocket:${preset}`, `rocket:PRESET with one of ${presetNames.join(', ')}`);
  }
  const values = new Map(parameters.map(({ name, value }) => [name, value]));
  for (const [name, value] of Object.entries({ ...changes, ...set })) values.set(name, check(name, value));
  for (const { a, b, max } of products) {
    const product = values.get(a)! * values.get(b)!;
    if (product > max) throw new ParameterError(`--set ${a}`, `${a} x ${b} = ${product}`, `at most ${max}`);
  }
  return values;
}

/** Writes the parameter block into a machine's memory; call t_reset of the core after it. */
export function writeParameters(values: ParameterValues, memory: WebAssembly.Memory, timingRegion: number): void {
  const view = new DataView(memory.buffer);
  for (const { name, slot: at } of parameters) {
    if (at !== undefined) view.setUint32(timingRegion + at, values.get(name)!, true);
  }
}
