/** Turns a configuration and images into a machine ready to run. */
import * as L from '../hart/layout.js';
import { CSRK_CONSTANT } from '../isa/csr-kinds.js';
import { csrWriteFlushes, type Csr } from '../isa/csrs.js';
import { writeParameters } from '../timing/parameters.js';
import { Plic } from '../devices/plic.js';
import { TestFinisher } from '../devices/test-finisher.js';
import { Uart } from '../devices/uart.js';
import { VirtioBlock } from '../devices/virtio-blk.js';
import { VirtioMmio, type VirtioBackend } from '../devices/virtio-mmio.js';
import { VirtioNet } from '../devices/virtio-net.js';
import { Bus } from './bus.js';
import { ConfigError, hex } from './config-error.js';
import { extensionNames, machineCsrs, type DvextProfile, type MachineConfig } from './config.js';
import { generateDeviceTree, patchDeviceTree, type Chosen } from './device-tree.js';
import { readElf, type ElfImage } from './elf.js';
import type { EngineFactory, EngineSetup } from './engine.js';
import { Htif } from './htif.js';
import { misa, type IsaOptions } from './isa-string.js';
import { hartArea, LinearMemory, Ram } from './linear-memory.js';
import { LoadPlan } from './load-plan.js';
import { Machine } from './machine.js';
import { interruptSources, memoryMap } from './memory-map.js';
import { RamDma } from './ram-dma.js';

/** A file's content and its name, for messages. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What is loaded into a machine and where it starts. */
export interface BootImages {
  readonly elf?: NamedBytes;
  /** Raw images at physical addresses. */
  readonly raw?: readonly (NamedBytes & { readonly address: bigint })[];
  /** Also named in /chosen; without an address it goes to the top of RAM. */
  readonly initrd?: NamedBytes & { readonly address?: bigint };
  /** Replaces the generated device tree; /chosen is patched all the same. */
  readonly dtb?: NamedBytes;
  /** First program counter; else the ELF's entry, else the lowest address loaded. */
  readonly entry?: bigint;
  /** Kernel arguments (/chosen bootargs). */
  readonly append?: string;
}

/** Where the machine's own output goes. */
export interface ConsolePorts {
  readonly write: (bytes: Uint8Array) => void;
  /** Software looks for console input for the first time. */
  readonly inputWanted?: () => void;
}

export interface BuiltMachine {
  readonly machine: Machine;
  /** Symbols of the ELF, empty without one. */
  readonly symbols: ReadonlyMap<string, bigint>;
}

const wasmPageBytes = 0x1_0000;
const busBytes = 0x8000_0000;
const profileNumber: Record<DvextProfile, number> = {
  none: L.DVEXT_NONE,
  rocket: L.DVEXT_ROCKET,
  qemu: L.DVEXT_QEMU,
  strict: L.DVEXT_STRICT,
};

const accessBits: Record<MachineConfig['accessBits'], number> = {
  svade: L.SVADU_NEVER,
  hardware: L.SVADU_ALWAYS,
  svadu: L.SVADU_SWITCHED,
};

/** Throws {@link ConfigError} for whatever the user got wrong in the images. */
export function buildMachine(
  config: MachineConfig,
  images: BootImages,
  chooseEngine: (setup: EngineSetup) => EngineFactory,
  ports: ConsolePorts,
): BuiltMachine {
  const linear = new LinearMemory(allocate(config));
  const ram = new Ram(linear, memoryMap.ram.base, config.memoryBytes);
  const elf = images.elf === undefined ? undefined : readElf(images.elf.bytes, images.elf.name);
  const reset = loadImages(config, images, elf, ram);
  const program = { name: images.elf?.name ?? '', symbols: elf?.symbols ?? new Map<string, bigint>() };
  return wire({ config, linear, ram, reset, program }, chooseEngine, ports);
}

/**
 * A machine of the same configuration as one that was saved; `restore` then gives it that one's state: the linear memory through the
 * memory it is handed, the rest through {@link Machine.restore}.
 */
export function rebuildMachine(
  config: MachineConfig,
  program: Program,
  chooseEngine: (setup: EngineSetup) => EngineFactory,
  ports: ConsolePorts,
): BuiltMachine {
  const linear = new LinearMemory(allocate(config));
  const ram = new Ram(linear, memoryMap.ram.base, config.memoryBytes);
  return wire({ config, linear, ram, reset: { start: 0n, tree: 0n }, program }, chooseEngine, ports);
}

/** Name of the program and its symbols: HTIF is found through them. */
export interface Program {
  readonly name: string;
  readonly symbols: ReadonlyMap<string, bigint>;
}

/** Where every hart starts, and the device tree it is told of. */
interface Reset {
  readonly start: bigint;
  readonly tree: bigint;
}

function loadImages(config: MachineConfig, images: BootImages, elf: ElfImage | undefined, ram: Ram): Reset {
  const plan = new LoadPlan(ram);
  for (const segment of elf?.segments ?? []) plan.add({ name: images.elf?.name ?? 'ELF', ...segment });
  for (const raw of images.raw ?? [])
    plan.add({ name: raw.name, base: raw.address, data: raw.bytes, size: BigInt(raw.bytes.length) });
  const start = images.entry ?? elf?.entry ?? plan.lowest();
  if (start === undefined) throw new ConfigError('images', 'nothing to load', 'an ELF file or a --load image');
  if (!ram.contains(start, 4n) || start % 2n !== 0n)
    throw new ConfigError('entry', hex(start), `an even address inside RAM, ${hex(ram.base)}..${hex(ram.end)}`);

  const chosen: Chosen = { seed: config.seed };
  if (images.append !== undefined) chosen.bootargs = images.append;
  if (images.initrd !== undefined) {
    const { name, bytes, address } = images.initrd;
    const size = BigInt(bytes.length);
    if (address !== undefined) plan.add({ name, base: address, data: bytes, size });
    chosen.initrd = { base: address ?? plan.addAtTop(name, bytes), size };
  }
  const tree =
    images.dtb === undefined
      ? generateDeviceTree(config, chosen)
      : patchDeviceTree(images.dtb.bytes, images.dtb.name, chosen);
  const treeAt = plan.addAtTop('device tree', tree);
  plan.write();
  return { start, tree: treeAt };
}

interface Parts {
  readonly config: MachineConfig;
  readonly linear: LinearMemory;
  readonly ram: Ram;
  readonly reset: Reset;
  readonly program: Program;
}

/** Devices, bus, registers after reset and an engine, around a filled RAM. */
function wire(
  { config, linear, ram, reset, program }: Parts,
  chooseEngine: (setup: EngineSetup) => EngineFactory,
  ports: ConsolePorts,
): BuiltMachine {
  const uartInput = { wanted: ports.inputWanted ?? ((): void => undefined) };
  const bus = new Bus('system bus', busBytes);
  const plic = new Plic(config, (hart, interrupt, high) => {
    const at = hartArea(hart) + L.LINES;
    const bit = 1 << interrupt;
    linear.setU32(at, high ? linear.u32(at) | bit : linear.u32(at) & ~bit);
  });
  const uart = new Uart(
    (byte) => ports.write(Uint8Array.of(byte)),
    (high) => plic.setLine(interruptSources.uart, high),
    uartInput.wanted,
  );
  const machine = new Machine({ config, memory: linear, ram, bus, uart });
  bus.attach(
    memoryMap.testFinisher.base,
    new TestFinisher((verdict) => {
      machine.stop(
        verdict.kind === 'reset' ? { kind: 'reset', code: null } : { kind: 'finisher', code: BigInt(verdict.code) },
      );
    }),
  );
  bus.attach(memoryMap.plic.base, plic);
  bus.attach(memoryMap.uart.base, uart);
  attachVirtio(machine, bus, plic);

  const csrs = machineCsrs(config);
  fillMachineBlock(linear, config);
  fillCsrTable(linear, csrs);
  for (let hart = 0; hart < config.harts; hart += 1) resetHart(linear, csrs, hart, reset.start, reset.tree);
  const htif = connectHtif(linear, ram, program.symbols, program.name, machine, ports);
  if (config.timing.model === 'rocket') writeParameters(config.timing.parameters, linear.memory, L.TIMING);
  const extensions = extensionNames(config);
  const engine = chooseEngine({ extensions, csrs, config })(linear.memory, machine.host);
  machine.connect(engine, htif);
  return { machine, symbols: program.symbols };
}

/** The virtio-mmio slots whose device is configured. */
function attachVirtio(machine: Machine, bus: Bus, plic: Plic): void {
  const { net, block } = machine.config;
  const time = machine.deviceTime;
  const dma = new RamDma(machine.ram, (physical, size, write) => machine.deviceAccessed(physical, size, write));
  const attach = (base: number, source: number, backend: VirtioBackend): void => {
    bus.attach(base, new VirtioMmio(backend, dma, (high) => plic.setLine(source, high)));
  };
  if (net !== undefined)
    attach(memoryMap.virtioNet.base, interruptSources.virtioNet, new VirtioNet(net.mac, net.peer, time, net.timing));
  if (block !== undefined)
    attach(
      memoryMap.virtioBlock.base,
      interruptSources.virtioBlock,
      new VirtioBlock(block.image, block.readOnly, time, block.timing),
    );
}

function allocate(config: MachineConfig): WebAssembly.Memory {
  const pages = Math.ceil((L.RAM_LINEAR + config.memoryBytes) / wasmPageBytes);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages });
  } catch (cause) {
    throw new ConfigError(
      '--memory',
      `${config.memoryBytes} bytes, which the simulation host refuses (${String(cause)})`,
      'less memory',
    );
  }
}

function extensionBits({ f, d, h, named }: IsaOptions): number {
  const sstc = named.includes('sstc') ? L.MEXT_SSTC : 0;
  return (h ? L.MEXT_H : 0) | (f ? L.MEXT_F : 0) | (d ? L.MEXT_D : 0) | sstc;
}

function fillMachineBlock(linear: LinearMemory, config: MachineConfig): void {
  linear.setU32(L.M_HARTS, config.harts);
  linear.setU32(L.M_RAM_LINEAR, L.RAM_LINEAR);
  linear.setU64(L.M_RAM_BASE, BigInt(memoryMap.ram.base));
  linear.setU64(L.M_RAM_SIZE, BigInt(config.memoryBytes));
  linear.setU64(L.M_CYCLES_PER_TICK, BigInt(config.cyclesPerTick));
  linear.setU32(L.M_DVEXT, profileNumber[config.dvext]);
  linear.setU32(L.M_MISALIGNED_OK, config.misaligned === 'emulate' ? 1 : 0);
  linear.setU32(L.M_PMP_GRAIN, config.pmpGrain);
  linear.setU32(L.M_PMP_ENTRIES, config.pmpEntries);
  linear.setU32(L.M_ASID_BITS, config.asidBits);
  linear.setU32(L.M_VMID_BITS, config.vmidBits);
  linear.setU32(L.M_SVADU, accessBits[config.accessBits]);
  linear.setU32(L.M_TIMING, config.timing.model === 'rocket' ? 1 : 0);
  linear.setU64(L.M_PHYS_LIMIT, 1n << 56n);
  linear.setU32(L.M_FILTER_SHIFT, config.timing.model === 'rocket' ? 6 : 12);
  linear.setU32(L.M_PAGING_LEVELS, config.pagingLevels);
  linear.setU32(L.M_EXTENSIONS, extensionBits(config.isa));
  linear.setU32(L.M_ERRATA, config.erratumUpie ? 1 : 0);
  linear.setU32(L.M_VPMP_ABSENT, config.vpmpAbsent || config.dvext === 'none' || config.dvext === 'qemu' ? 1 : 0);
  linear.setU64(L.M_MISA, misa(config.isa, config.dvext === 'qemu'));
  const never = (1n << 64n) - 1n;
  for (let hart = 0; hart < L.MAX_HARTS; hart += 1) {
    linear.setU64(L.M_MTIMECMP + 8 * hart, never);
    linear.setU64(L.M_VTIMECMP + 8 * hart, never);
  }
}

function fillCsrTable(linear: LinearMemory, csrs: readonly Csr[]): void {
  for (const row of csrs) {
    const at = L.CSR_TABLE + row.number * L.CSR_DESC_SIZE;
    let flags = L.CSRF_EXISTS;
    if (csrWriteFlushes(row.number)) flags |= L.CSRF_FLUSHES;
    if (row.dv === 'user') flags |= L.CSRF_DV_USER;
    if (row.dv === 'supervisor') flags |= L.CSRF_DV_SUPERVISOR;
    if (row.dv === 'virq') flags |= L.CSRF_DV_VIRQ;
    linear.setU32(at + L.CSRD_FLAGS, flags);
    linear.setU32(at + L.CSRD_KIND, row.kind);
    linear.setU32(at + L.CSRD_SLOT, row.slot);
    linear.setU64(at + L.CSRD_RMASK, row.readMask);
    linear.setU64(at + L.CSRD_WMASK, row.writeMask);
  }
}

function resetHart(linear: LinearMemory, csrs: readonly Csr[], hart: number, entry: bigint, tree: bigint): void {
  const area = hartArea(hart);
  for (const row of csrs)
    if (row.slot !== 0 && row.kind !== CSRK_CONSTANT && row.reset !== 0n) linear.setU64(area + row.slot, row.reset);
  linear.setU32(area + L.HART_ID, hart);
  linear.setU32(area + L.PRV, L.PRV_M);
  linear.setU64(area + L.PC, entry);
  linear.setU64(area + L.X + 8 * 10, BigInt(hart));
  linear.setU64(area + L.X + 8 * 11, tree);
  linear.setU64(area + L.FETCH_LINE, (1n << 64n) - 1n);
}

/** A program with a symbol `tohost` speaks HTIF. */
function connectHtif(
  linear: LinearMemory,
  ram: Ram,
  symbols: ReadonlyMap<string, bigint>,
  file: string,
  machine: Machine,
  ports: ConsolePorts,
): Htif | undefined {
  const word = (name: string): bigint | undefined => {
    const address = symbols.get(name);
    if (address !== undefined && (!ram.contains(address, 8n) || address % 8n !== 0n))
      throw new ConfigError(file, `symbol ${name} at ${hex(address)}`, 'an 8-byte aligned address inside RAM');
    return address;
  };
  const tohost = word('tohost');
  if (tohost === undefined) return undefined;
  linear.setU64(L.M_HTIF_TOHOST, BigInt(L.RAM_LINEAR) + tohost - BigInt(ram.base));
  return new Htif(ram, tohost, word('fromhost'), {
    write: ports.write,
    exit: (code) => machine.stop({ kind: 'htif', code }),
  });
}
