/** From what the user may say about a machine to a machine with nothing left to choose. */
import { ConfigError } from './config-error.js';
import type { BlockTiming } from '../devices/virtio-blk.js';
import type { LinkPeer, LinkTiming } from '../devices/link.js';
import { parseIsa, type IsaOptions } from './isa-string.js';
import { maxRamBytes } from './memory-map.js';
import { resolveCsrs, type Csr } from '../isa/csrs.js';
import { MAX_HARTS } from '../hart/layout.js';
import { ParameterError, resolveParameters, type ParameterValues } from '../timing/parameters.js';

export const presetNames = ['virt', 'firesim'] as const;
export type PresetName = (typeof presetNames)[number];

export const dvextProfiles = ['none', 'rocket', 'qemu', 'strict'] as const;
export type DvextProfile = (typeof dvextProfiles)[number];

export type Misaligned = 'trap' | 'emulate';

/** Value of a `--set NAME=VALUE` parameter. */
export type SettingValue = number | string | boolean;

/** Everything a user may say; what is left out comes from the preset. */
export interface MachineOptions {
  machine?: PresetName;
  harts?: number;
  memoryBytes?: number;
  /** ISA string, e.g. `rv64gch`. */
  isa?: string;
  misaligned?: Misaligned;
  dvext?: DvextProfile;
  /** `none`, `rocket` or `rocket:PRESET`. */
  timing?: string;
  /** Named parameters: those of this file ({@link machineSettings}) and of the cycle model. */
  set?: Readonly<Record<string, SettingValue>>;
  /** Cycles of one hart's turn. */
  quantum?: number;
  seed?: number;
  /** virtio network device. */
  net?: { readonly peer: LinkPeer; readonly mac?: Uint8Array };
  /** virtio block device; `image` is a whole number of 512-byte sectors and is written in place. */
  block?: { readonly image: Uint8Array; readonly readOnly?: boolean };
}

/** Network device: who is at the far end of its link, its address (6 bytes) and how fast the link is. */
export interface NetConfig {
  readonly peer: LinkPeer;
  readonly mac: Uint8Array;
  readonly timing: LinkTiming;
}

export interface BlockConfig {
  readonly image: Uint8Array;
  readonly readOnly: boolean;
  readonly timing: BlockTiming;
}

export interface TimingChoice {
  readonly model: 'none' | 'rocket';
  /** Preset as the user named it; undefined = the model's default. */
  readonly preset?: string;
  /** Every parameter of the model; empty for model `none`. */
  readonly parameters: ParameterValues;
}

export interface MachineConfig {
  readonly preset: PresetName;
  readonly harts: number;
  readonly memoryBytes: number;
  readonly isa: IsaOptions;
  readonly misaligned: Misaligned;
  readonly pmpEntries: number;
  /** log2 of the PMP granularity in bytes. */
  readonly pmpGrain: number;
  readonly asidBits: number;
  /** 3 = Sv39 and Sv39x4, 4 = Sv48 and Sv48x4 too. */
  readonly pagingLevels: 3 | 4;
  readonly vmidBits: number;
  /** Who sets accessed and dirty bits: a clear one is a fault (Svade), the walk does, or menvcfg.ADUE says (Svadu). */
  readonly accessBits: 'svade' | 'hardware' | 'svadu';
  readonly timebaseHz: number;
  /** Core cycles per tick of mtime. */
  readonly cyclesPerTick: number;
  readonly dvext: DvextProfile;
  /** The V bit of pmpcfg does not exist: the "no-PMP" variant of dv-ext.md 5.3. */
  readonly vpmpAbsent: boolean;
  /** dv-ext.md 3.3: a trap to HU loads UPIE from mstatus bit 0. */
  readonly erratumUpie: boolean;
  readonly timing: TimingChoice;
  readonly quantum: number;
  readonly seed: number;
  readonly net?: NetConfig;
  readonly block?: BlockConfig;
}

/** Parameters of the machine that `--set` may name; every other name belongs to the cycle model. */
export const machineSettings: Readonly<Record<string, string>> = {
  'vpmp.absent': 'true = no V bit in pmpcfg (dv-ext.md 5.3)',
  'erratum.upie': 'true = UPIE erratum of the Rocket prototype (dv-ext.md 3.3)',
  'mmu.levels': '3 = Sv39 and Sv39x4 only (default), 4 = Sv48 and Sv48x4 too',
  'net.gbps': 'bandwidth of the link in Gbit/s of target time (paper-results.md: 1)',
  'net.latency':
    'core cycles from the last bit sent to the frame received: link 6405 and switch 10 (rocket-timing.md 9)',
  'block.latency': 'core cycles from a request to its first byte (rocket-timing.md 9: 4096)',
  'block.bytesPerCycle': 'bytes per core cycle after that (rocket-timing.md 9: 8)',
};

interface Preset {
  misaligned: Misaligned;
  pmpGrain: number;
  asidBits: number;
  timebaseHz: number;
  /** Core clock under timing model `none`: on `virt` an instruction counts as 1 ns. */
  untimedHz: number;
  dvext: DvextProfile;
  timing: 'none' | 'rocket';
}

/** rocket-timing.md 1 and 5, issue "First light" part 7. */
const presets: Readonly<Record<PresetName, Preset>> = {
  virt: {
    misaligned: 'emulate',
    pmpGrain: 2,
    asidBits: 16,
    timebaseHz: 10_000_000,
    untimedHz: 1_000_000_000,
    dvext: 'none',
    timing: 'none',
  },
  firesim: {
    misaligned: 'trap',
    pmpGrain: 12,
    asidBits: 0,
    timebaseHz: 1_000_000,
    untimedHz: 3_200_000_000,
    dvext: 'rocket',
    timing: 'rocket',
  },
};

const defaultMemoryBytes = 512 * 1024 * 1024;
const pageBytes = 4096;
/** 52:54:00:12:34:56, as QEMU's first. */
const defaultMac = Uint8Array.of(0x52, 0x54, 0x00, 0x12, 0x34, 0x56);

/** Throws {@link ConfigError} naming the option, what it said and what was expected. */
export function resolveConfig(options: MachineOptions): MachineConfig {
  const name = oneOf('--machine', options.machine ?? 'virt', presetNames);
  const preset = presets[name];
  const isa = parseIsa(options.isa ?? 'rv64gch');
  const dvext = oneOf('--dvext', options.dvext ?? preset.dvext, dvextProfiles);
  if (dvext !== 'none' && !isa.h)
    throw new ConfigError(
      '--dvext',
      `"${dvext}" with an ISA without h`,
      '"none", or an ISA string with the H extension',
    );
  const memoryBytes = whole('--memory', options.memoryBytes ?? defaultMemoryBytes, 1024 * 1024, maxRamBytes);
  if (memoryBytes % pageBytes !== 0) throw new ConfigError('--memory', `${memoryBytes} bytes`, 'a multiple of 4 KiB');
  const { machine, model } = splitSettings(options.set ?? {});
  const timing = parseTiming(options.timing ?? preset.timing, model);
  return {
    preset: name,
    harts: whole('--harts', options.harts ?? 1, 1, MAX_HARTS),
    memoryBytes,
    isa,
    misaligned: oneOf('--misaligned', options.misaligned ?? preset.misaligned, ['trap', 'emulate']),
    pmpEntries: 16,
    pmpGrain: preset.pmpGrain,
    asidBits: preset.asidBits,
    pagingLevels: pagingLevels(machine),
    // dv-ext.md 6: the Rocket prototype has no VMID bits, the paper's design has them.
    vmidBits: dvext === 'strict' || (dvext !== 'rocket' && preset.asidBits > 0) ? 14 : 0,
    accessBits: dvext === 'qemu' ? 'hardware' : isa.named.includes('svadu') ? 'svadu' : 'svade',
    timebaseHz: preset.timebaseHz,
    cyclesPerTick: cyclesPerTick(timing, preset),
    dvext,
    vpmpAbsent: flag(machine, 'vpmp.absent'),
    erratumUpie: flag(machine, 'erratum.upie'),
    timing,
    quantum: whole('--quantum', options.quantum ?? 8000, 1, 1_000_000),
    seed: whole('--seed', options.seed ?? 0, 0, 0xffff_ffff),
    ...(options.net === undefined ? {} : { net: netConfig(options.net, machine, coreHz(timing, preset)) }),
    ...(options.block === undefined ? {} : { block: blockConfig(options.block, machine) }),
  };
}

/** Extensions by the names of the instruction tables (isa/). */
export function extensionNames(config: MachineConfig): ReadonlySet<string> {
  const names = ['i', 'm', 'a', 'c', 's', 'zicsr', 'zifencei'];
  for (const name of ['f', 'd', 'h'] as const) if (config.isa[name]) names.push(name);
  names.push(...config.isa.named);
  if (config.isa.h && config.isa.named.includes('svinval')) names.push('svinval-h');
  if (config.dvext !== 'none') names.push('dvext');
  return new Set(names);
}

/** Do mhpmcounter3 to 31 count? rocket-timing.md 1: the stock Rocket has none. */
export function hasEventCounters(config: MachineConfig): boolean {
  return config.preset !== 'firesim';
}

/** The control and status registers of a machine's harts. */
export function machineCsrs(config: MachineConfig): Csr[] {
  return resolveCsrs({
    extensions: extensionNames(config),
    dvext: config.dvext,
    rocketDelegation: config.preset === 'firesim',
    pmpEntries: config.pmpEntries,
    eventCounters: hasEventCounters(config),
  });
}

function parseTiming(text: string, set: Readonly<Record<string, SettingValue>>): TimingChoice {
  const [model, preset, ...rest] = text.split(':');
  if (rest.length > 0 || (model !== 'none' && model !== 'rocket') || (model === 'none' && preset !== undefined))
    throw new ConfigError('--timing', JSON.stringify(text), 'none, rocket or rocket:PRESET');
  const [first] = Object.keys(set);
  if (model === 'none' && first !== undefined)
    throw new ConfigError(
      '--set',
      `${first} with timing "none"`,
      'a parameter of the machine, or timing "rocket": the model "none" has none',
    );
  if (model === 'none') return { model, parameters: new Map() };
  try {
    return { model, ...(preset === undefined ? {} : { preset }), parameters: resolveParameters(preset, set) };
  } catch (error) {
    if (error instanceof ParameterError) throw new ConfigError(error.where, error.found, error.expected);
    throw error;
  }
}

function coreHz(timing: TimingChoice, preset: Preset): number {
  const coreMHz = timing.parameters.get('clock.core');
  return coreMHz === undefined ? preset.untimedHz : coreMHz * 1_000_000;
}

function netConfig(
  { peer, mac = defaultMac }: NonNullable<MachineOptions['net']>,
  set: Readonly<Record<string, SettingValue>>,
  hz: number,
): NetConfig {
  if (mac.length !== 6) throw new ConfigError('net', `a MAC address of ${mac.length} bytes`, '6');
  const gbps = number(set, 'net.gbps', 1, 0.001, 1000);
  const timing = {
    latency: whole('--set net.latency', number(set, 'net.latency', 6415, 0, 1e12), 0, 1e12),
    cyclesPerByte: (8 * hz) / (gbps * 1e9),
  };
  return { peer, mac, timing };
}

function blockConfig(
  { image, readOnly = false }: NonNullable<MachineOptions['block']>,
  set: Readonly<Record<string, SettingValue>>,
): BlockConfig {
  if (image.length === 0 || image.length % 512 !== 0)
    throw new ConfigError('block image', `${image.length} bytes`, 'a whole number of 512-byte sectors');
  const timing = {
    latency: whole('--set block.latency', number(set, 'block.latency', 4096, 0, 1e12), 0, 1e12),
    bytesPerCycle: number(set, 'block.bytesPerCycle', 8, 0.001, 1e6),
  };
  return { image, readOnly, timing };
}

function cyclesPerTick(timing: TimingChoice, preset: Preset): number {
  const cycles = coreHz(timing, preset) / preset.timebaseHz;
  if (!Number.isInteger(cycles))
    throw new ConfigError(
      '--set clock.core',
      `${timing.parameters.get('clock.core')} MHz`,
      `a multiple of the timebase, ${preset.timebaseHz / 1e6} MHz`,
    );
  return cycles;
}

function splitSettings(set: Readonly<Record<string, SettingValue>>): {
  machine: Record<string, SettingValue>;
  model: Record<string, SettingValue>;
} {
  const machine: Record<string, SettingValue> = {};
  const model: Record<string, SettingValue> = {};
  for (const [key, value] of Object.entries(set)) (key in machineSettings ? machine : model)[key] = value;
  return { machine, model };
}

/** Rocket has three (rocket-timing.md 5), and Linux takes the most that it finds. */
function pagingLevels(settings: Record<string, SettingValue>): 3 | 4 {
  const value = settings['mmu.levels'] ?? 3;
  if (value !== 3 && value !== 4) throw new ConfigError('--set mmu.levels', String(value), '3 or 4');
  return value;
}

function flag(settings: Record<string, SettingValue>, name: string): boolean {
  const value = settings[name] ?? false;
  if (typeof value !== 'boolean') throw new ConfigError(`--set ${name}`, String(value), 'true or false');
  return value;
}

function number(
  settings: Readonly<Record<string, SettingValue>>,
  name: string,
  otherwise: number,
  min: number,
  max: number,
): number {
  const value = settings[name] ?? otherwise;
  if (typeof value !== 'number' || !(value >= min && value <= max))
    throw new ConfigError(`--set ${name}`, String(value), `a number from ${min} to ${max}`);
  return value;
}

function oneOf<Name extends string>(where: string, value: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === value);
  if (found === undefined) throw new ConfigError(where, JSON.stringify(value), `one of ${names.join(', ')}`);
  return found;
}

function whole(where: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new ConfigError(where, String(value), `a whole number from ${min} to ${max}`);
  return value;
}
