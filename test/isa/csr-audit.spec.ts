/**
 * Every control and status register against the manual, by lists written out here and not read from isa/csrs.ts: which exist,
 * who may access them (Privileged ISA 2.1, 8.6.1), and what a write leaves in them (the sections beside the rows).
 */
import { describe, expect, test } from 'vitest';
import { CoreKit, numberOf, type Mode } from '../../libs/riscv-core/src/core/core.testkit.js';
import { csrByName } from '../../libs/riscv-core/src/isa/csrs.js';
import { SYS_CSRRS, SYS_CSRRW } from '../../libs/riscv-core/src/isa/sysops.js';
import { engineNames } from '../../libs/riscv-core/src/machine/engine.js';
import type { MachineOptions } from '../../libs/riscv-core/src/machine/config.js';
import { run } from './program.js';

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const ALL = (1n << 64n) - 1n;

/** rv64gch with Sstc: tables 2.2 to 2.6 of the manual, less what the machine does not have. */
const existing: ReadonlySet<number> = new Set([
  ...range(0x001, 0x003), // fflags, frm, fcsr
  ...range(0xc00, 0xc1f), // cycle, time, instret, hpmcounters
  ...[0x100, 0x104, 0x105, 0x106, 0x10a, ...range(0x140, 0x144), 0x14d, 0x180],
  ...[...range(0x602, 0x607), 0x600, 0x60a, 0x643, 0x644, 0x645, 0x64a, 0x680, 0xe12],
  ...[0x200, 0x204, 0x205, ...range(0x240, 0x244), 0x24d, 0x280],
  ...range(0xf11, 0xf15),
  ...[...range(0x300, 0x306), 0x30a, ...range(0x340, 0x344), 0x34a, 0x34b],
  ...[0x3a0, 0x3a2, ...range(0x3b0, 0x3bf)],
  ...range(0x7a0, 0x7a3), // tselect, tdata1 to 3
  ...[0xb00, 0xb02, ...range(0xb03, 0xb1f), 0x320, ...range(0x323, 0x33f)],
]);

const ILLEGAL = 2;
const VIRTUAL = 22;

/** Cause of reading CSR `number` in `mode` with every counter open; undefined = allowed. */
function expectedCause(number: number, mode: Mode): number | undefined {
  if (!existing.has(number)) return ILLEGAL;
  const lowest = (number >> 8) & 3;
  switch (mode) {
    case 'M':
      return undefined;
    case 'HS':
      return lowest === 3 ? ILLEGAL : undefined;
    case 'VS':
      return lowest === 3 ? ILLEGAL : lowest === 2 ? VIRTUAL : undefined;
    case 'VU':
      return lowest === 3 ? ILLEGAL : lowest === 0 ? undefined : VIRTUAL;
    default:
      return lowest === 0 ? undefined : ILLEGAL;
  }
}

describe.each(['M', 'HS', 'U', 'VS', 'VU'] as const)('from %s', (mode) => {
  const kit = new CoreKit({ isa: 'rv64gch_sstc' });
  for (const name of ['menvcfg', 'henvcfg', 'mcounteren', 'scounteren', 'hcounteren']) kit.setCsr(name, ALL);
  for (const name of ['mstatus', 'vsstatus']) kit.setBits(name, 3n << 13n);
  const causeOf = (number: number, operand?: bigint): number | undefined => {
    kit.enter(mode);
    kit.csrInstruction(operand === undefined ? SYS_CSRRS : SYS_CSRRW, number, operand);
    return kit.trap === undefined ? undefined : Number(kit.trap.cause);
  };

  test('all 4096 numbers may be read or not, as the manual says', () => {
    const wrong = range(0, 4095).filter((number) => causeOf(number) !== expectedCause(number, mode));
    expect(wrong.map((number) => number.toString(16))).toEqual([]);
  });

  test('no read-only number may be written, whoever does it', () => {
    const wrong = [...existing].filter((number) => number >> 10 === 3 && causeOf(number, 0n) !== ILLEGAL);
    expect(wrong.map((number) => number.toString(16))).toEqual([]);
  });
});

/** What a write of `value` to a register that held 0 before leaves to be read. */
type Kept = (value: bigint) => bigint;
const bits =
  (mask: bigint, fixed = 0n): Kept =>
  (value) =>
    (value & mask) | fixed;
const whole = bits(ALL);
const nothing = bits(0n);

const FS = 3n << 13n;
const MPP = 3n << 11n;
const SD = 1n << 63n;
const dirty = (status: bigint): bigint => ((status & FS) === FS ? status | SD : status);
/** SIE, SPIE, SPP, FS, SUM, MXR; UXL = 2. */
const supervisorStatus: Kept = (value) => dirty(bits(0xc_6122n, 2n << 32n)(value));
/** MPP = 2 is reserved: the field keeps its 0. */
const machineStatus: Kept = (value) => {
  const legal = (value & MPP) === 2n << 11n ? value & ~MPP : value;
  return dirty(bits(0xc0_007e_79aan, 10n << 32n)(legal));
};

const PPN = (1n << 44n) - 1n;
/** satp and vsatp: a write with a MODE other than Bare, Sv39, Sv48 has no effect (4.1.11, 8.2.18). */
const addressSpace =
  (modes: readonly bigint[], asidBits: number): Kept =>
  (value) =>
    modes.includes(value >> 60n) ? value & ((0xfn << 60n) | (((1n << BigInt(asidBits)) - 1n) << 44n) | PPN) : 0n;
/** hgatp: MODE alone stays; a root of 16 KiB (8.2.10). */
const guestSpace =
  (modes: readonly bigint[], vmidBits: number): Kept =>
  (value) => {
    const mode = modes.includes(value >> 60n) ? value & (0xfn << 60n) : 0n;
    return mode | (value & ((((1n << BigInt(vmidBits)) - 1n) << 44n) | (PPN & ~3n)));
  };

const MODES = [0n, 8n, 9n];
const trapVector = bits(ALL & ~2n);
const counterEnable = bits(0xffff_ffffn);

/** Registers of machine `virt`, rv64gch and Sv48, with mideleg and hideleg all ones. [name, kept, section] */
const virt: readonly [string, Kept, string][] = [
  ['mstatus', machineStatus, '3.1.6'],
  ['misa', bits(0n, (2n << 62n) | 0x14_11adn), '3.1.1'],
  ['medeleg', bits(0xf0_b7ffn), '3.1.8, 8.4.3: all but the call from M'],
  ['mideleg', bits(0x222n, 0x444n), '3.1.8, 8.4.3: VS bits are one'],
  ['mie', bits(0xeeen), '3.1.9'],
  ['mip', bits(0x226n), '3.1.9, 8.4.4: SEIP, STIP, SSIP, VSSIP'],
  ['mtvec', trapVector, '3.1.7'],
  ['mcounteren', counterEnable, '3.1.11'],
  ['mcountinhibit', bits(0xffff_fffdn), '3.1.12: time cannot be stopped'],
  ['menvcfg', bits(1n), '3.1.18: FIOM'],
  ['mscratch', whole, '3.1.13'],
  ['mepc', bits(ALL & ~1n), '3.1.14'],
  ['mcause', whole, '3.1.15'],
  ['mtval', whole, '3.1.16'],
  ['mtval2', whole, '8.4.6'],
  ['mtinst', whole, '8.4.5'],
  ['pmpaddr0', bits((1n << 54n) - 1n), '3.7.1'],
  ['mhpmcounter3', whole, '3.1.10'],
  ['mhpmcounter31', whole, '3.1.10'],
  ['pmpaddr15', bits((1n << 54n) - 1n), '3.7.1'],
  ['tselect', nothing, 'Debug 5.2: no triggers'],
  ['tdata1', nothing, 'Debug 5.2'],
  ['sstatus', supervisorStatus, '4.1.1'],
  ['sie', bits(0x222n), '4.1.3'],
  ['sip', bits(0x2n), '4.1.3: SSIP'],
  ['stvec', trapVector, '4.1.2'],
  ['scounteren', counterEnable, '4.1.5'],
  ['senvcfg', bits(1n), '4.1.10'],
  ['sscratch', whole, '4.1.6'],
  ['sepc', bits(ALL & ~1n), '4.1.7'],
  ['scause', whole, '4.1.8'],
  ['stval', whole, '4.1.9'],
  ['satp', addressSpace(MODES, 16), '4.1.11'],
  ['hstatus', bits(0x70_03c0n, 2n << 32n), '8.2.1: VTSR, VTW, VTVM, HU, SPVP, SPV, GVA; VSXL = 2; GEILEN = 0'],
  ['hedeleg', bits(0xb1ffn), '8.2.2'],
  ['hideleg', bits(0x444n), '8.2.2'],
  ['hie', bits(0x444n), '8.2.3'],
  ['hip', bits(0x4n), '8.2.3: VSSIP'],
  ['hvip', bits(0x444n), '8.2.3'],
  ['hgeie', nothing, '8.2.4: GEILEN = 0'],
  ['htimedelta', whole, '8.2.7'],
  ['hcounteren', counterEnable, '8.2.6'],
  ['henvcfg', bits(1n), '8.2.5'],
  ['htval', whole, '8.2.8'],
  ['htinst', whole, '8.2.9'],
  ['hgatp', guestSpace(MODES, 14), '8.2.10'],
  ['vsstatus', supervisorStatus, '8.2.11'],
  ['vsie', bits(0x222n), '8.2.12'],
  ['vsip', bits(0x2n), '8.2.12'],
  ['vstvec', trapVector, '8.2.13'],
  ['vsscratch', whole, '8.2.14'],
  ['vsepc', bits(ALL & ~1n), '8.2.15'],
  ['vscause', whole, '8.2.16'],
  ['vstval', whole, '8.2.17'],
  ['vsatp', addressSpace(MODES, 16), '8.2.18'],
  ['fcsr', bits(0xffn), 'F 11.2'],
  ['frm', bits(0x7n), 'F 11.2'],
  ['fflags', bits(0x1fn), 'F 11.2'],
];

/** What differs on machine `firesim` without DV-ext (rocket-timing.md 5, dv-ext.md 3.1). */
const firesim: readonly [string, Kept, string][] = [
  ['medeleg', bits(0xf0_b509n), 'dv-ext.md 3.1: what Rocket lets be set'],
  ['hedeleg', bits(0xb109n), 'dv-ext.md 3.1'],
  ['satp', addressSpace([0n, 8n], 0), 'no ASID, no Sv48'],
  ['hgatp', guestSpace([0n, 8n], 0), 'no VMID, no Sv48x4'],
  ['pmpaddr0', bits(((1n << 54n) - 1n) & ~0x3ffn), '3.7.1: granularity 4 KiB, entry off'],
];

const patterns: readonly bigint[] = [
  0n,
  ALL,
  0xaaaa_aaaa_aaaa_aaaan,
  0x5555_5555_5555_5555n,
  // MODE 8 to 10 of the address spaces with every other field one.
  ...[8n, 9n, 10n].map((mode) => (mode << 60n) | (ALL >> 4n)),
];

const machines: [string, MachineOptions, readonly [string, Kept, string][]][] = [
  ['virt with Sv48', { set: { 'mmu.levels': 4 } }, virt],
  ['firesim', { machine: 'firesim', dvext: 'none', timing: 'none' }, firesim],
];

describe.each(engineNames)('%s', (engine) => {
  describe.each(machines)('%s', (_, options, rows) => {
    // All registers in one program: the outcomes lie in memory in the order of rows and patterns.
    const body = `
      li   t0, 0x6000
      csrs mstatus, t0
      li   t1, -1
      csrw mideleg, t1
      csrw hideleg, t1
      la   s0, out
      ${rows
        .map(
          ([name]) => `
        ${patterns
          .map(
            (pattern) => `
          csrr t4, ${name}
          csrw ${name}, x0
          li   t0, ${pattern}
          csrw ${name}, t0
          csrr t1, ${name}
          csrw ${name}, t4
          sd   t1, 0(s0)
          addi s0, s0, 8`,
          )
          .join('\n')}`,
        )
        .join('\n')}`;
    const p = run(engine, body, options, `.align 3\nout: .zero ${8 * rows.length * patterns.length}\n`);

    test.each(rows.map(([name, kept, section], i) => ({ name, kept, section, i })))(
      '$name keeps what section $section lets it keep',
      ({ kept, i }) => {
        const read = patterns.map((_pattern, k) => p.word('out', i * patterns.length + k).toString(16));
        expect(read).toEqual(patterns.map((pattern) => kept(pattern).toString(16)));
      },
    );
  });

  test('pmpcfg: reserved bits are 0, W without R is not kept, a locked entry stays', () => {
    const p = run(
      engine,
      `li t0, 0x6718627f
       csrw pmpcfg2, t0
       csrr s0, pmpcfg2
       li t0, 0x98
       csrw pmpcfg0, t0
       li t0, 0x1f1f
       csrw pmpcfg0, t0
       csrr s1, pmpcfg0
       li t0, 5
       csrw pmpaddr0, t0
       csrr s2, pmpaddr0
       csrw pmpaddr1, t0
       csrr s3, pmpaddr1`,
    );
    expect(p.x('s0')).toBe(0x0718_001fn);
    expect(p.x('s1')).toBe(0x1f98n);
    expect([p.x('s2'), p.x('s3')]).toEqual([0n, 5n]);
  });

  test('identity registers read what the machine is', () => {
    const p = run(
      engine,
      'csrr s0, mhartid\n csrr s1, mvendorid\n csrr s2, marchid\n csrr s3, mimpid\n csrr s4, mconfigptr',
    );
    expect(['s0', 's1', 's2', 's3', 's4'].map((name) => p.x(name))).toEqual([0n, 0n, 0n, 0n, 0n]);
  });
});

test('the lists above name every register of the table that the machine has', () => {
  expect(numberOf('vstimecmp')).toBe(0x24d);
  const unnamed = virt.filter(([name]) => !existing.has(csrByName(name)!.number));
  expect(unnamed).toEqual([]);
});
