/**
 * The machine's device tree: generated, or a given blob with /chosen patched. Bindings are those Linux reads; the tree is
 * minimal (linux.md, "Must-haves").
 */
import { hasEventCounters, type MachineConfig } from './config.js';
import { childNode, node, property, readFdt, writeFdt, type FdtNode } from './fdt.js';
import { isaString } from './isa-string.js';
import { interruptSources, memoryMap } from './memory-map.js';
import { seedBytes } from './seed-bytes.js';
import { plicContexts, plicSources, vintBase } from '../devices/plic.js';

/** What software finds in /chosen; what is left out stays as the given tree has it. */
export interface Chosen {
  bootargs?: string;
  initrd?: { base: bigint; size: bigint };
  /** Seed of the run: 64 bytes derived from it become rng-seed (linux.md: without it Linux spins for entropy). */
  seed: number;
}

// Phandles: one per interrupt controller and syscon.
const CPU_INTC = 1; // + hart
const PLIC = 0x10;
const FINISHER = 0x11;

const UART_CLOCK_HZ = 3_686_400;

export function generateDeviceTree(config: MachineConfig, chosen: Chosen): Uint8Array {
  const { ram, clint, plic, uart, testFinisher } = memoryMap;
  const reg = (region: { base: number; size: number }): bigint[] => [BigInt(region.base), BigInt(region.size)];
  const at = (name: string, base: number): string => `${name}@${base.toString(16)}`;
  const harts = Array.from({ length: config.harts }, (_, hart) => hart);
  const dvext = config.dvext !== 'none';
  const virtio = [
    { region: memoryMap.virtioNet, interrupt: interruptSources.virtioNet, present: config.net !== undefined },
    { region: memoryMap.virtioBlock, interrupt: interruptSources.virtioBlock, present: config.block !== undefined },
  ].filter(({ present }) => present);

  const cpus = harts.map((hart) =>
    node(
      `cpu@${hart.toString(16)}`,
      {
        device_type: 'cpu',
        reg: hart,
        status: 'okay',
        compatible: 'riscv',
        'riscv,isa': isaString(config.isa, hasEventCounters(config)),
        'mmu-type': config.pagingLevels === 4 ? 'riscv,sv48' : 'riscv,sv39',
        ...(dvext ? { 'dv-ext': config.dvext } : {}),
      },
      [
        node('interrupt-controller', {
          compatible: 'riscv,cpu-intc',
          '#interrupt-cells': 1,
          'interrupt-controller': [],
          phandle: CPU_INTC + hart,
        }),
      ],
    ),
  );

  const root = node(
    '',
    {
      '#address-cells': 2,
      '#size-cells': 2,
      compatible: 'duvisor-farm,machine',
      model: `duvisor-farm ${config.preset}`,
    },
    [
      node('chosen', { 'stdout-path': `/soc/${at('serial', uart.base)}` }),
      node('cpus', { '#address-cells': 1, '#size-cells': 0, 'timebase-frequency': config.timebaseHz }, cpus),
      node(at('memory', ram.base), { device_type: 'memory', reg: [BigInt(ram.base), BigInt(config.memoryBytes)] }),
      node('soc', { '#address-cells': 2, '#size-cells': 2, compatible: 'simple-bus', ranges: [] }, [
        node(at('test', testFinisher.base), {
          compatible: ['sifive,test1', 'sifive,test0', 'syscon'],
          reg: reg(testFinisher),
          phandle: FINISHER,
        }),
        node(at('clint', clint.base), {
          compatible: ['sifive,clint0', 'riscv,clint0'],
          reg: reg(clint),
          // Machine software (3) and machine timer (7) interrupt of each hart.
          'interrupts-extended': harts.flatMap((hart) => [CPU_INTC + hart, 3, CPU_INTC + hart, 7]),
        }),
        node(at('interrupt-controller', plic.base), {
          compatible: ['sifive,plic-1.0.0', 'riscv,plic0'],
          reg: reg(plic),
          '#interrupt-cells': 1,
          '#address-cells': 0,
          'interrupt-controller': [],
          'interrupts-extended': plicContexts(config).flatMap(({ hart, interrupt }) => [CPU_INTC + hart, interrupt]),
          'riscv,ndev': plicSources(config),
          ...(dvext ? { 'dv-ext,vint-base': vintBase(config.dvext) } : {}),
          phandle: PLIC,
        }),
        ...virtio.map(({ region, interrupt }) =>
          node(at('virtio_mmio', region.base), {
            compatible: 'virtio,mmio',
            reg: reg(region),
            interrupts: interrupt,
            'interrupt-parent': PLIC,
          }),
        ),
        node(at('serial', uart.base), {
          compatible: 'ns16550a',
          reg: reg(uart),
          'clock-frequency': UART_CLOCK_HZ,
          interrupts: interruptSources.uart,
          'interrupt-parent': PLIC,
        }),
      ]),
      node('poweroff', { compatible: 'syscon-poweroff', regmap: FINISHER, offset: 0, value: 0x5555 }),
      node('reboot', { compatible: 'syscon-reboot', regmap: FINISHER, offset: 0, value: 0x7777 }),
    ],
  );
  setChosen(root, chosen);
  return writeFdt({ root, reservations: [], bootCpu: 0 });
}

/** The given blob with /chosen patched; `name` is its file, for messages. Throws ConfigError when it is not a device tree. */
export function patchDeviceTree(blob: Uint8Array, name: string, chosen: Chosen): Uint8Array {
  const fdt = readFdt(blob, name);
  setChosen(fdt.root, chosen);
  return writeFdt(fdt);
}

function setChosen(root: FdtNode, chosen: Chosen): void {
  const { properties } = childNode(root, 'chosen');
  if (chosen.bootargs !== undefined) properties.set('bootargs', property(chosen.bootargs));
  if (chosen.initrd !== undefined) {
    properties.set('linux,initrd-start', property(chosen.initrd.base));
    properties.set('linux,initrd-end', property(chosen.initrd.base + chosen.initrd.size));
  }
  properties.set('rng-seed', seedBytes(chosen.seed, 64));
}
