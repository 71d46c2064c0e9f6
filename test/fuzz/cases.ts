/** Hostile programs: whatever a guest may try, by kind. A case is made again from its seed. */
import { assemble } from '../../libs/riscv-core/src/decode/assembler.js';
import { echoPeer } from '../../libs/riscv-core/src/devices/echo-peer.js';
import { encode } from '../../libs/riscv-core/src/isa/encode.js';
import { csrs } from '../../libs/riscv-core/src/isa/csrs.js';
import { instructions } from '../../libs/riscv-core/src/isa/table.js';
import type { MachineOptions } from '../../libs/riscv-core/src/machine/config.js';
import { memoryMap } from '../../libs/riscv-core/src/machine/memory-map.js';
import { CodeBuffer } from '../differential/machine-code.js';
import { Random } from '../differential/random.js';

export const RAM = 0x8000_0000n;
const RAM_BYTES = 1 << 20;
const SECTOR = 512;

export interface FuzzCase {
  readonly seed: number;
  readonly kind: FuzzKind;
  /** Made anew for every machine: devices have state. */
  readonly options: () => MachineOptions;
  readonly image: Uint8Array;
  /**
   * Engines keep translations until a fence, as hardware may; where a program changes page tables that are in use without one,
   * each engine is right in its own way, and they are compared with themselves only.
   */
  readonly comparable: boolean;
}

/** Addresses that a hostile program likes: RAM and its ends, devices, holes, beyond the physical space. */
function place(random: Random): bigint {
  const device = random.pick([
    memoryMap.uart,
    memoryMap.plic,
    memoryMap.testFinisher,
    memoryMap.virtioNet,
    memoryMap.virtioBlock,
  ]);
  const at = random.pick([
    RAM + BigInt(random.below(RAM_BYTES)),
    RAM + BigInt(RAM_BYTES - random.below(64)),
    RAM - BigInt(1 + random.below(64)),
    BigInt(device.base) + BigInt(random.below(0x1000)),
    0x0200_0000n + BigInt(random.below(0x1_0000)),
    BigInt(random.below(0x1_0000)),
    random.u64(),
    (1n << 56n) - BigInt(random.below(16)),
    (1n << 64n) - BigInt(1 + random.below(4096)),
  ]);
  return BigInt.asUintN(64, random.oneIn(4) ? at : at & ~7n);
}

/** Any encoding of any row, with any fields. */
function anyInsn(random: Random): number {
  if (random.oneIn(20)) return random.u32();
  const row = random.pick(instructions);
  return encode(row, {
    rd: random.below(32),
    rs1: random.below(32),
    rs2: random.below(32),
    imm: random.u32() | 0,
    csr: random.oneIn(4) ? random.below(4096) : random.pick(csrs).number,
    order: random.below(4),
    rs3: random.below(32),
    rm: random.below(8),
  });
}

function code(count: number, make: () => number): string {
  const buffer = new CodeBuffer();
  for (let i = 0; i < count; i++) buffer.push(make());
  while (buffer.length % 4 !== 0) buffer.push(1);
  const view = new DataView(Uint8Array.from(buffer.bytes).buffer);
  return Array.from({ length: buffer.length / 4 }, (_, i) => `.word ${view.getUint32(4 * i, true)}`).join('\n');
}

/** Registers full of addresses and corners of arithmetic. */
const registers = (random: Random): string =>
  Array.from({ length: 29 }, (_, i) => `li x${i + 1}, ${random.oneIn(2) ? place(random) : random.interesting()}`).join(
    '\n',
  );

/** Traps to M go on behind the instruction, in M-mode, until a program takes the vector away. Clobbers x30, x31. */
const goOn = (body: string): string => `
    la   t6, on_trap
    csrw mtvec, t6
    li   t6, -1
    srli t6, t6, 10
    csrw pmpaddr15, t6
    li   t6, 0x1f00000000000000
    csrw pmpcfg2, t6
    ${body}
end: j end
.align 2
on_trap:
    csrr t5, mepc
    addi t5, t5, 4
    csrw mepc, t5
    li   t5, 0x21800
    csrc mstatus, t5
    li   t5, 0x1800
    csrs mstatus, t5
    mret
`;

const csrWrites = (random: Random): string =>
  Array.from({ length: 150 }, () => {
    const number = random.oneIn(8) ? random.below(4096) : random.pick(csrs).number;
    const form = random.pick(['csrrw', 'csrrs', 'csrrc']);
    const value = random.oneIn(3) ? place(random) : random.oneIn(2) ? random.u64() : random.interesting();
    return `li t0, ${value}\n ${form} t1, ${number}, t0`;
  }).join('\n');

/** Off to S, U, VS or VU with a random pc; the trap brings M back. */
const leap = (random: Random): string => `
    li   t0, ${random.u64() & ((1n << 39n) | 0x800n | 0x1f_0000n)}
    csrs mstatus, t0
    li   t0, 0x1000
    csrc mstatus, t0
    li   t0, ${place(random)}
    csrw mepc, t0
    mret`;

/** Modes of translation with roots where no table can be. */
const wildRoots = (random: Random, root: () => bigint): string =>
  Array.from({ length: 20 }, () => {
    const mode = BigInt(random.pick([8, 8, 9, random.below(16)])) << 60n;
    const access = random.pick(['ld', 'sd', 'lb', 'sw', 'amoadd.w', 'lr.d', 'hlv.d', 'hsv.b', 'hlvx.hu']);
    const operands = access.startsWith('amo') ? 'a0, a1, (a2)' : /^(lr|h)/.test(access) ? 'a0, (a2)' : 'a0, 0(a2)';
    return `
    li   t0, ${mode | (root() >> 12n)}
    csrw ${random.pick(['satp', 'vsatp', 'hgatp'])}, t0
    li   a2, ${random.oneIn(2) ? place(random) : BigInt(random.u32())}
    li   t0, ${0x2_0000n | (random.u64() & ((1n << 39n) | 0x800n | 0xc_0000n))}
    csrs mstatus, t0
    li   t0, 0x1000
    csrc mstatus, t0
    ${access} ${operands}
    ${random.oneIn(2) ? leap(random) : random.pick(['sfence.vma', 'nop', 'hfence.gvma'])}`;
  }).join('\n');

/** A queue of a virtio device with its parts anywhere, its descriptors pointing anywhere, in a ring or not, and a kick. */
function wildQueue(random: Random): string {
  const base = random.pick([memoryMap.virtioNet.base, memoryMap.virtioBlock.base]);
  const set = (offset: number, value: bigint | number): string => `li t0, ${value}\n sw t0, ${offset}(s0)`;
  const part = (low: number): string => {
    const at = random.oneIn(3) ? place(random) : RAM + 0x8_0000n + BigInt(random.below(0x4000) & ~15);
    return `${set(low, at & 0xffff_ffffn)}\n${set(low + 4, at >> 32n)}`;
  };
  const descriptors = Array.from({ length: 16 }, (_, i) => {
    const flags = BigInt(random.below(8)) << 32n;
    const next = BigInt(random.oneIn(2) ? (i + 1) % 16 : random.below(65536)) << 48n;
    const length = BigInt(random.oneIn(2) ? random.below(2000) : random.u32());
    return `li t0, ${place(random)}\n sd t0, ${16 * i}(s1)\n li t0, ${length | flags | next}\n sd t0, ${16 * i + 8}(s1)`;
  });
  return `
    li   s0, ${base}
    li   s1, ${RAM + 0x8_0000n}
    ${descriptors.join('\n')}
    ${set(0x70, 1)}
    ${set(0x70, 3)}
    ${set(0x24, 1)}
    ${set(0x20, 1)}
    ${set(0x70, 11)}
    ${set(0x30, random.below(3))}
    ${set(0x38, random.pick([1, 8, 16, 256, random.below(70000)]))}
    ${part(0x80)}
    ${part(0x90)}
    ${part(0xa0)}
    ${set(0x44, 1)}
    ${set(0x70, 15)}
    li   s1, ${RAM + 0x8_0000n + BigInt(random.below(0x2000) & ~3)}
    li   t0, ${random.u32()}
    sw   t0, 0(s1)
    ${set(0x50, random.below(4))}
    ${set(random.below(0x200) & ~3, random.u32())}`;
}

const kinds = {
  'garbage bytes': (random) => bytes(random),
  'any instructions': (random) => text(`${registers(random)}\n${code(3000, () => anyInsn(random))}`),
  'any instructions behind a handler': (random) =>
    text(goOn(`${registers(random)}\n${code(3000, () => anyInsn(random))}`)),
  'wild jumps': (random) =>
    text(
      goOn(
        Array.from(
          { length: 60 },
          () =>
            `li t0, ${place(random)}\n ${random.pick(['jr t0', 'jalr t1, 7(t0)', 'jalr t0, -3(t0)'])}\n${leap(random)}`,
        ).join('\n'),
      ),
    ),
  'loops of traps': (random) =>
    text(`
    li   t0, ${random.oneIn(2) ? place(random) : RAM + BigInt(random.below(256) & ~3)}
    csrw mtvec, t0
    li   t0, ${place(random)}
    csrw stvec, t0
    csrw vstvec, t0
    li   t0, ${random.u64()}
    csrw medeleg, t0
    csrw hedeleg, t0
    csrw mideleg, t0
    li   t0, ${random.u64() & 0xfffn}
    csrw mie, t0
    csrw mip, t0
    ${leap(random)}
    ${random.pick(['ecall', 'ebreak', '.word 0', 'wfi', 'sret', 'mret'])}`),
  'page tables in devices': (random) =>
    text(
      goOn(
        wildRoots(random, () => {
          for (;;) {
            const at = place(random) & ((1n << 56n) - 1n);
            if (at < RAM - 0x4000n || at >= RAM + BigInt(RAM_BYTES)) return at;
          }
        }),
      ),
    ),
  'page tables of garbage': (random) =>
    text(
      goOn(wildRoots(random, () => RAM + BigInt(random.below(RAM_BYTES))) + `\n${code(500, () => anyInsn(random))}`),
    ),
  'DMA to nowhere': (random) => text(goOn(Array.from({ length: 6 }, () => wildQueue(random)).join('\n'))),
  'CSR writes': (random) => text(goOn(csrWrites(random))),
} as const satisfies Record<string, (random: Random) => Uint8Array>;

export type FuzzKind = keyof typeof kinds;
export const fuzzKinds = Object.keys(kinds) as FuzzKind[];

function bytes(random: Random): Uint8Array {
  const image = new Uint8Array(0x1_0000);
  const view = new DataView(image.buffer);
  for (let at = 0; at < image.length; at += 8) view.setBigUint64(at, random.u64(), true);
  return image;
}

function text(source: string): Uint8Array {
  return assemble(source, RAM).bytes;
}

export function makeCase(seed: number, kind: FuzzKind): FuzzCase {
  const random = new Random(seed);
  const dvext = random.pick(['none', 'none', 'rocket', 'qemu', 'strict'] as const);
  const isa = random.oneIn(3) ? 'rv64gch' : 'rv64gchb_sstc_svadu_svinval';
  const base: MachineOptions = {
    machine: random.pick(['virt', 'firesim']),
    memoryBytes: RAM_BYTES,
    isa,
    dvext,
    timing: random.pick(['none', 'rocket']),
    harts: random.oneIn(4) ? 2 : 1,
    quantum: random.pick([10, 100, 1000, 8000]),
    misaligned: random.pick(['trap', 'emulate']),
    set: { 'mmu.levels': random.pick([3, 4]) },
    seed: random.u32(),
  };
  const readOnly = random.oneIn(4);
  const image = kinds[kind](random);
  return {
    seed,
    kind,
    image,
    comparable: kind !== 'page tables of garbage',
    options: () => ({
      ...base,
      net: { peer: echoPeer() },
      block: { image: new Uint8Array(64 * SECTOR), readOnly },
    }),
  };
}
