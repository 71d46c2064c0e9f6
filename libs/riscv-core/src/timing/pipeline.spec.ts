/** Static costs, by small sequences of real encodings. Numbers: rocket-timing.md 2 and 3, section beside each. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decoder, extensionSet, type DecodedInsn } from '../decode/decoder.js';
import { encode, type Operands } from '../isa/encode.js';
import { insnByName } from '../isa/table.js';
import { resolveParameters } from './parameters.js';
import { StaticCosts } from './pipeline.js';

const decoder = new Decoder(extensionSet(['i', 'm', 'a', 'f', 'd', 'c', 's', 'h', 'zicsr', 'zifencei', 'dvext']));
const costs = new StaticCosts(resolveParameters());

function insn(name: string, operands: Operands = {}): DecodedInsn {
  const row = insnByName(name);
  if (row === undefined) throw new Error(`no instruction ${name}`);
  const decoded = decoder.decode(encode(row, operands));
  if (decoded === undefined) throw new Error(`cannot decode ${name}`);
  return decoded;
}

const add = (rd: number, rs1: number, rs2: number): DecodedInsn => insn('add', { rd, rs1, rs2 });
const load = (name: string, rd: number, rs1 = 10, imm = 0): DecodedInsn => insn(name, { rd, rs1, imm });
const store = (name: string, rs2: number, rs1: number, imm: number): DecodedInsn => insn(name, { rs1, rs2, imm });
const csr = (name: string, rd: number, number: number, rs1: number): DecodedInsn =>
  insn(name, { rd, rs1, csr: number });
const nop = (): DecodedInsn => insn('addi', { rd: 0, rs1: 0, imm: 0 });

const MSCRATCH = 0x340;
const MEPC = 0x341;
const MSTATUS = 0x300;
const HUEPC_BANK = 0x841;
const MCYCLE = 0xb00;

const costOf = (...sequence: DecodedInsn[]): number => costs.cost(sequence[0]!, sequence.slice(1));
/** Cycles of the whole sequence, run from its first instruction. */
const total = (...sequence: DecodedInsn[]): number =>
  sequence.map((one, index) => costs.cost(one, sequence.slice(index + 1))).reduce((a, b) => a + b, 0);

describe('load to use (2)', () => {
  it.each([
    ['ld', 1],
    ['lw', 1],
    ['lwu', 1],
    ['lb', 2],
    ['lhu', 2],
  ])('%s: %i bubbles for the next instruction, fewer for later ones', (name, bubbles) => {
    expect(costOf(load(name, 5), add(6, 5, 0))).toBe(1 + bubbles);
    expect(costOf(load(name, 5), nop(), add(6, 5, 0))).toBe(1 + Math.max(0, bubbles - 1));
    expect(costOf(load(name, 5), nop(), nop(), add(6, 5, 0))).toBe(1);
  });

  it('waits for a register that is only overwritten, not for x0, not without a successor', () => {
    expect(costOf(load('ld', 5), add(5, 6, 7))).toBe(2);
    expect(costOf(load('ld', 0), add(6, 0, 0))).toBe(1);
    expect(costOf(load('ld', 5))).toBe(1);
  });

  it('store data, branch operands and a jump register are uses', () => {
    expect(costOf(load('ld', 5), store('sd', 5, 10, 64))).toBe(2);
    expect(costOf(load('ld', 5), insn('beq', { rs1: 5, rs2: 0, imm: 16 }))).toBe(2);
    expect(costOf(load('ld', 1), insn('jalr', { rd: 0, rs1: 1, imm: 0 }))).toBe(2);
  });

  it('is not seen behind a transfer that is always taken, is seen behind a conditional branch', () => {
    const use = add(6, 5, 0);
    expect(costOf(load('lb', 5), insn('jal', { rd: 0, imm: 64 }), use)).toBe(1);
    expect(costOf(load('lb', 5), insn('beq', { rs1: 8, rs2: 9, imm: 64 }), use)).toBe(2);
  });

  it('two loads and the sum of both stall once', () => {
    expect(total(load('ld', 5), load('ld', 6, 10, 8), add(7, 5, 6))).toBe(4);
  });

  it('compressed loads are loads', () => {
    // c.lw a2, 0(a0); c.addi a2, 1
    const compressed = decoder.decode(0x4110)!;
    expect(compressed.length).toBe(2);
    expect(costOf(compressed, insn('addi', { rd: 12, rs1: 12, imm: 1 }))).toBe(2);
  });
});

describe('atomics (2)', () => {
  it('AMO and LR 2, SC 3 cycles to the use', () => {
    expect(costOf(insn('amoadd.d', { rd: 5, rs1: 10, rs2: 6 }), add(6, 5, 0))).toBe(2);
    expect(costOf(insn('lr.d', { rd: 5, rs1: 10 }), add(6, 5, 0))).toBe(2);
    expect(costOf(insn('sc.d', { rd: 5, rs1: 10, rs2: 6 }), add(6, 5, 0))).toBe(3);
  });
});

describe('system instructions (3)', () => {
  it('CSR: reads interlock for 3 cycles, flushing writes cost 5', () => {
    expect(costOf(csr('csrrs', 5, MSTATUS, 0), add(6, 5, 0))).toBe(3);
    expect(costOf(csr('csrrs', 5, MSTATUS, 0), nop(), nop(), add(6, 5, 0))).toBe(1);
    expect(costOf(csr('csrrw', 5, MSTATUS, 6), add(6, 5, 0))).toBe(5);
    expect(costOf(csr('csrrs', 0, MSTATUS, 6))).toBe(5);
    expect(costOf(csr('csrrw', 0, MCYCLE, 6))).toBe(5);
    expect(costOf(insn('csrrwi', { rd: 0, csr: MSTATUS, rs1: 0 }))).toBe(5);
    expect(costOf(insn('csrrsi', { rd: 0, csr: MSTATUS, rs1: 0 }))).toBe(1);
  });

  it('writes of xscratch, xepc, xcause, xtval do not flush, except in the HU and HUVS banks', () => {
    expect(costOf(csr('csrrw', 0, MSCRATCH, 6))).toBe(1);
    expect(costOf(csr('csrrw', 5, MEPC, 6), add(6, 5, 0))).toBe(3);
    expect(costOf(csr('csrrw', 0, HUEPC_BANK, 6))).toBe(5);
  });

  it('trap returns, WFI, fences of translation, FENCE.I and guest accesses redirect from write-back: 5', () => {
    for (const name of [
      'mret',
      'sret',
      'uret',
      'wfi',
      'sfence.vma',
      'hfence.gvma',
      'hufence.vvma',
      'fence.i',
      'hlv.d',
      'hsv.d',
    ]) {
      expect(costOf(insn(name)), name).toBe(5);
    }
  });

  it('FENCE delays the next access by 2', () => {
    expect(costOf(insn('fence'))).toBe(3);
  });
});

describe('a load behind a store to the same bytes (4)', () => {
  const replay = 1 + 5;

  it('is replayed while the store is still buffered', () => {
    expect(costOf(store('sd', 5, 2, 8), load('ld', 6, 2, 8))).toBe(replay);
    expect(costOf(store('sd', 5, 2, 8), nop(), load('ld', 6, 2, 8))).toBe(replay);
    expect(costOf(store('sd', 5, 2, 8), load('ld', 7, 2, 24), load('ld', 6, 2, 8))).toBe(replay);
  });

  it('is free once a cycle without a load let the store drain', () => {
    expect(costOf(store('sd', 5, 2, 8), nop(), nop(), load('ld', 6, 2, 8))).toBe(1);
  });

  it('is free when bytes, base register or its value differ', () => {
    expect(costOf(store('sw', 5, 2, 8), load('lw', 6, 2, 12))).toBe(1);
    expect(costOf(store('sw', 5, 2, 8), load('ld', 6, 2, 8))).toBe(replay);
    expect(costOf(store('sd', 5, 2, 8), load('ld', 6, 3, 8))).toBe(1);
    expect(costOf(store('sd', 5, 2, 8), insn('addi', { rd: 2, rs1: 2, imm: 16 }), load('ld', 6, 2, 8))).toBe(1);
  });
});

describe('multiply and divide (2)', () => {
  const mul = insn('mul', { rd: 5, rs1: 6, rs2: 7 });
  const slackOf = (...sequence: DecodedInsn[]): number => costs.slack(sequence[0]!, sequence.slice(1));

  it('cost one cycle themselves; the wait is told as slack', () => {
    expect(costOf(mul, add(6, 5, 0))).toBe(1);
    expect(slackOf(mul, add(6, 5, 0))).toBe(1);
    expect(slackOf(mul, nop(), nop(), add(6, 5, 0))).toBe(3);
  });

  it('a second multiply waits for the unit', () => {
    expect(slackOf(mul, nop(), insn('divw', { rd: 8, rs1: 9, rs2: 9 }))).toBe(2);
  });

  it('stalls of others in between count', () => {
    expect(slackOf(mul, load('ld', 8), add(9, 8, 8), add(6, 5, 0))).toBe(4);
  });

  it('what is out of sight is taken to need the result', () => {
    expect(slackOf(mul)).toBe(1);
    expect(slackOf(mul, nop(), insn('jal', { rd: 0, imm: 64 }), nop())).toBe(3);
    expect(slackOf(mul, ...Array.from({ length: 20 }, nop))).toBe(1 + costs.lookahead);
  });
});

describe('any sequence', () => {
  const register = fc.integer({ min: 0, max: 4 });
  const anyInsn = fc
    .tuple(fc.constantFrom('add', 'ld', 'lb', 'sd', 'mul', 'amoadd.d', 'csrrs', 'beq'), register, register, register)
    .map(([name, rd, rs1, rs2]) => insn(name, { rd, rs1, rs2, imm: 0, csr: MSTATUS }));

  /** In-order issue with interlocks, simulated from the first instruction on: the sum that the static costs must give. */
  function simulate(sequence: readonly DecodedInsn[]): number {
    const latency: Record<string, number> = { ld: 2, lb: 3, 'amoadd.d': 2, csrrs: 3 };
    const ready = new Map<number, number>();
    let now = 0;
    for (const { insn: row, rd, rs1, rs2 } of sequence) {
      const { name } = row;
      const reads = name === 'ld' || name === 'lb' || name === 'csrrs' ? [rs1] : [rs1, rs2];
      const written = name === 'sd' || name === 'beq' ? [] : [rd];
      const at = Math.max(now, ...[...reads, ...written].map((r) => (r === 0 ? 0 : (ready.get(r) ?? 0))));
      for (const r of written) ready.set(r, at + (latency[name] ?? 1));
      now = at + (name === 'csrrs' && rs1 !== 0 ? 5 : 1);
    }
    return now;
  }

  it('costs at least a cycle each, and together what an in-order pipeline takes', () => {
    fc.assert(
      // Up to lookahead + 1 instructions: the last producer still sees the end. Stores are left out of the sum: replays come on top.
      fc.property(fc.array(anyInsn, { minLength: 1, maxLength: costs.lookahead + 1 }), (sequence) => {
        for (const [index, one] of sequence.entries()) {
          expect(costs.cost(one, sequence.slice(index + 1))).toBeGreaterThanOrEqual(1);
        }
        const plain = sequence.filter(({ insn: row }) => row.name !== 'sd');
        expect(total(...plain)).toBe(simulate(plain));
      }),
      { numRuns: 500 },
    );
  });

  it('does not depend on what lies beyond the lookahead', () => {
    const window = fc.array(anyInsn, { minLength: costs.lookahead + 1, maxLength: costs.lookahead + 6 });
    fc.assert(
      fc.property(window, ([first, ...rest]) => {
        expect(costs.cost(first!, rest)).toBe(costs.cost(first!, rest.slice(0, costs.lookahead)));
        expect(costs.slack(first!, rest)).toBe(costs.slack(first!, rest.slice(0, costs.lookahead)));
      }),
    );
  });
});

describe('floating point (2)', () => {
  const f = (name: string, rd: number, rs1 = 0, rs2 = 0): DecodedInsn => insn(name, { rd, rs1, rs2 });

  it.each([
    ['fld', f('fld', 5, 10), 4],
    ['flw', f('flw', 5, 10), 4],
    ['fadd.s', f('fadd.s', 5, 1, 2), 4],
    ['fmul.d', f('fmul.d', 5, 1, 2), 5],
    ['fmadd.d', f('fmadd.d', 5, 1, 2), 5],
    ['fcvt.d.w', f('fcvt.d.w', 5, 10), 4],
    ['fsgnj.d', f('fsgnj.d', 5, 1, 2), 4],
    ['fdiv.s', f('fdiv.s', 5, 1, 2), 28],
    ['fsqrt.d', f('fsqrt.d', 5, 1), 57],
  ])('%s: the next instruction has its result after %3$s cycles', (_, producer, latency) => {
    expect(costOf(producer, f('fmin.d', 6, 5, 7))).toBe(latency);
    expect(costOf(producer, f('fmin.d', 6, 7, 5))).toBe(latency);
    expect(costOf(producer, store('fsd', 5, 10, 0))).toBe(latency);
  });

  it('third operands are waited for, integer registers of the same number are not', () => {
    expect(costOf(f('fadd.d', 5, 1, 2), insn('fmadd.d', { rd: 6, rs1: 1, rs2: 2, rs3: 5 }))).toBe(5);
    expect(costOf(f('fadd.d', 5, 1, 2), add(6, 5, 5))).toBe(1);
    expect(costOf(f('fadd.d', 0, 1, 2), f('fadd.d', 6, 0, 1))).toBe(5);
  });

  it('a comparison, move or conversion to x is ready after 3', () => {
    for (const name of ['feq.d', 'fclass.s', 'fmv.x.d', 'fcvt.l.d'])
      expect(costOf(f(name, 5, 1, name === 'feq.d' ? 2 : 0), add(6, 5, 0))).toBe(3);
    expect(costOf(f('feq.d', 0, 1, 2), add(6, 0, 0))).toBe(1);
  });

  it('a division keeps later floating-point operations waiting, not loads and integer ones', () => {
    expect(costOf(f('fdiv.s', 5, 1, 2), f('fadd.s', 6, 7, 8))).toBe(28);
    expect(costOf(f('fdiv.s', 5, 1, 2), f('flw', 6, 10), add(7, 8, 9))).toBe(1);
  });
});
