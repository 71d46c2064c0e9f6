/**
 * Cycle counts of small programs on the whole `firesim` machine: one per rule of rocket-timing.md that software can see.
 * Expected value and section stand beside each.
 */
import { describe, expect, it } from 'vitest';
import { engineNames, type EngineName } from '../../libs/riscv-core/src/machine/engine.js';
import { PageTable, RWX } from '../isa/page-tables.js';
import { OPEN_PMP, PASS, Program, RAM_BASE } from '../isa/program.js';

const ROUNDS = 40;

/** A trap that a program did not ask for ends it with code 1: it would otherwise trap for ever. */
const UNEXPECTED = `
.align 2
unexpected:
    li   t6, 0x100000
    li   t5, 0x13333
    sw   t5, 0(t6)
    j    unexpected
`;

/**
 * A program that runs `setup` and then the measured `body` again and again, so that code, data and translations are warm,
 * and leaves the cycles of the last `body` in a0. s0 counts down to 1 in the last round.
 */
function measured(setup: string, body: string, { before = '', behind = '' } = {}): string {
  return `
    la   t0, unexpected
    csrw mtvec, t0
    ${before}
    li   s0, ${ROUNDS}
    j    again
.align 6
again:
    ${setup}
    nop
    nop
    nop
    csrr a0, mcycle
    ${body}
    csrr a1, mcycle
    addi s0, s0, -1
    bnez s0, again
    nop
    nop
    sub  a0, a1, a0
    li   t0, 0x20000 # MPRV off
    csrc mstatus, t0
    ${PASS}
    ${UNEXPECTED}
    ${behind}
`;
}

/** Cycles of `body`: the read of mcycle in front of it takes one of the difference. */
function cyclesOf(program: Program): number {
  return Number(program.run().x('a0')) - 1;
}

interface Case {
  readonly what: string;
  readonly source: string;
  readonly cycles: number;
  readonly setup?: string;
  readonly body: string;
  readonly before?: string;
  readonly behind?: string;
}

const DATA = 'la s1, data';
const SPACE = '.align 6\ndata: .zero 128';
/** mstatus.FS on. */
const FLOAT = 'li t0, 0x6000\ncsrs mstatus, t0';
const HANDLER = `
.align 2
handler:
    csrr t0, mepc
    addi t0, t0, 4
    csrw mepc, t0
    mret
`;

const cases: readonly Case[] = [
  { what: 'ten additions', source: '2', cycles: 10, body: 'add t0, t0, t1\n'.repeat(10) },
  {
    what: 'ld, use',
    source: '2: latency 2',
    cycles: 3,
    setup: DATA,
    body: 'ld t0, 0(s1)\nadd t1, t0, t0',
    behind: SPACE,
  },
  {
    what: 'ld, other, use',
    source: '2',
    cycles: 3,
    setup: DATA,
    body: 'ld t0, 0(s1)\nnop\nadd t1, t0, t0',
    behind: SPACE,
  },
  {
    what: 'lbu, use',
    source: '2: latency 3',
    cycles: 4,
    setup: DATA,
    body: 'lbu t0, 0(s1)\nadd t1, t0, t0',
    behind: SPACE,
  },
  {
    what: 'amoadd, use',
    source: '2: latency 2',
    cycles: 3,
    setup: DATA,
    body: 'amoadd.d t0, t1, (s1)\nadd t1, t0, t0',
    behind: SPACE,
  },
  { what: 'csrr, use', source: '2: latency 3', cycles: 4, body: 'csrr t0, mscratch\nadd t1, t0, t0' },
  { what: 'csrw mscratch', source: '3: no flush', cycles: 1, body: 'csrw mscratch, t0' },
  { what: 'csrw mtvec', source: '3: flushing write, 5', cycles: 5, setup: 'csrr t0, mtvec', body: 'csrw mtvec, t0' },
  {
    what: 'mul by a small number, use',
    source: '2: early-out, 4',
    cycles: 5,
    setup: 'li t0, 3\nli t1, -1',
    body: 'mul t2, t0, t1\nadd t3, t2, t2',
  },
  {
    what: 'mul by a large number, use',
    source: '2: 10',
    cycles: 11,
    setup: 'li t0, -1\nli t1, 3',
    body: 'mul t2, t0, t1\nadd t3, t2, t2',
  },
  { what: 'mulw, use', source: '2: 6', cycles: 7, setup: 'li t0, -1', body: 'mulw t2, t0, t0\nadd t3, t2, t2' },
  {
    what: 'mulh, use',
    source: '2: 10, no early-out',
    cycles: 11,
    setup: 'li t0, 1',
    body: 'mulh t2, t0, t0\nadd t3, t2, t2',
  },
  {
    what: 'mul, three others, use',
    source: '2: only the wait counts',
    cycles: 11,
    setup: 'li t0, -1',
    body: `mul t2, t0, t0\n${'nop\n'.repeat(3)}add t3, t2, t2`,
  },
  {
    what: 'two muls',
    source: '2: one unit',
    cycles: 11 + 10,
    setup: 'li t0, -1',
    body: 'mul t2, t0, t0\nmul t3, t0, t0\nadd t4, t3, t3',
  },
  {
    what: 'divu 4 / 4',
    source: '2: 2 + 66 - 63',
    cycles: 6,
    setup: 'li t0, 4',
    body: 'divu t2, t0, t0\nadd t3, t2, t2',
  },
  {
    what: 'divu 3 / 4',
    source: '2: 2 + 65',
    cycles: 68,
    setup: 'li t0, 3\nli t1, 4',
    body: 'divu t2, t0, t1\nadd t3, t2, t2',
  },
  {
    what: 'div -4 / 4',
    source: '2: both sign steps',
    cycles: 8,
    setup: 'li t0, -4\nli t1, 4',
    body: 'div t2, t0, t1\nadd t3, t2, t2',
  },
  {
    what: 'store, load of the same bytes',
    source: '4: no forwarding, ~5',
    cycles: 7,
    setup: DATA,
    body: 'sd t0, 0(s1)\nld t1, 0(s1)',
    behind: SPACE,
  },
  {
    what: 'store, load of other bytes',
    source: '4',
    cycles: 2,
    setup: DATA,
    body: 'sd t0, 0(s1)\nld t1, 8(s1)',
    behind: SPACE,
  },
  {
    what: 'sc, use',
    source: '2: latency 3',
    cycles: 5,
    setup: DATA,
    body: 'lr.d t2, (s1)\nsc.d t0, x0, (s1)\nadd t1, t0, t0',
    behind: SPACE,
  },
  {
    what: 'fld, fadd.d',
    source: '2: latency 4',
    cycles: 5,
    before: FLOAT,
    setup: DATA,
    body: 'fld f0, 0(s1)\nfadd.d f1, f0, f0',
    behind: SPACE,
  },
  { what: 'fadd.s, use', source: '2: 4', cycles: 5, before: FLOAT, body: 'fadd.s f0, f1, f1\nfadd.s f2, f0, f0' },
  { what: 'fadd.d, use', source: '2: 5', cycles: 6, before: FLOAT, body: 'fadd.d f0, f1, f1\nfadd.d f2, f0, f0' },
  { what: 'fsgnj.d, use', source: '2: 4', cycles: 5, before: FLOAT, body: 'fsgnj.d f0, f1, f1\nfadd.d f2, f0, f0' },
  { what: 'feq.d, use', source: '2: 3', cycles: 4, before: FLOAT, body: 'feq.d t0, f1, f1\nadd t1, t0, t0' },
  { what: 'fdiv.s, use', source: '2: 28', cycles: 29, before: FLOAT, body: 'fdiv.s f0, f1, f1\nfadd.s f2, f0, f0' },
  { what: 'fdiv.d, use', source: '2: 57', cycles: 58, before: FLOAT, body: 'fdiv.d f0, f1, f1\nfadd.d f2, f0, f0' },
  { what: 'fence', source: '4: 2 behind it', cycles: 3, body: 'fence' },
  { what: 'a jump', source: '3: BTB hit', cycles: 1, body: 'j next\nnext:' },
  {
    what: 'call and return',
    source: '3: BTB and RAS hit',
    cycles: 3,
    body: 'jal ra, callee\nj next\ncallee: jalr x0, 0(ra)\nnext:',
  },
  {
    what: 'a branch that was never taken, taken in the last round',
    source: '3: mispredict 3',
    cycles: 5,
    setup: 'addi t0, s0, -1',
    body: 'beqz t0, next\nnop\nnext: nop',
  },
  {
    what: 'an indirect jump that goes elsewhere in the last round',
    source: '3: mispredict 3',
    cycles: 1 + 3 + 1,
    setup: 'la t0, near\naddi t1, s0, -1\nsnez t1, t1\nslli t1, t1, 2\nadd t0, t0, t1',
    body: 'jalr x0, 0(t0)\n.align 2\nnear: nop\nbeyond:',
  },
  { what: 'sfence.vma', source: '3: 1 + 4', cycles: 5, body: 'sfence.vma' },
  {
    what: 'wfi with an interrupt pending and not taken',
    source: '3: flush, 9: awake at once',
    cycles: 5,
    before: 'li t0, 2\ncsrw mie, t0\ncsrw mip, t0',
    body: 'wfi',
  },
  { what: 'a branch not taken as before', source: '3', cycles: 1, body: 'bnez x0, again' },
  {
    what: 'ecall to a handler that returns',
    source: '3: trap entry 5, csrr to use 3, 1, 1, mret 5',
    cycles: 5 + 3 + 1 + 1 + 5,
    before: 'la t0, handler\ncsrw mtvec, t0',
    body: 'ecall',
    behind: HANDLER,
  },
  { what: 'load from a CLINT register', source: '9: 16', cycles: 17, setup: 'li s1, 0x2000000', body: 'lw t0, 0(s1)' },
];

describe.each(engineNames)('%s', (engine) => {
  it.each(cases)('$what ($source): $cycles', ({ setup = '', body, cycles, before = '', behind = '' }) => {
    expect(cyclesOf(new Program(measured(setup, body, { before, behind }), engine, { machine: 'firesim' }))).toBe(
      cycles,
    );
  });

  it.each([
    { distance: 75, result: 0n },
    { distance: 76, result: 1n },
  ])(
    'an SC $distance instructions behind its LR: $result (3: 80 cycles, refused in the last 3)',
    ({ distance, result }) => {
      const body = `lr.d t2, (s1)\n${'nop\n'.repeat(distance)}sc.d t1, t2, (s1)`;
      const program = new Program(measured(DATA, body, { behind: SPACE }), engine, { machine: 'firesim' });
      expect(program.run().x('t1')).toBe(result);
    },
  );

  it('a line that only the L2 has: 16 more (6)', () => {
    // FENCE.I drops the L1I, the L2 keeps the line: the next fetch of `far` costs an L2 hit.
    const source = measured('fence.i\nnop', 'jal ra, far', { behind: '.align 6\nfar: jalr x0, 0(ra)' });
    const warm = measured('nop\nnop', 'jal ra, far', { behind: '.align 6\nfar: jalr x0, 0(ra)' });
    const cold = cyclesOf(new Program(source, engine, { machine: 'firesim' }));
    const hit = cyclesOf(new Program(warm, engine, { machine: 'firesim' }));
    // Behind the fence the measuring line itself has been fetched again before the first read of mcycle.
    expect([hit, cold]).toEqual([2, 2 + 16]);
  });

  describe('page walks (5), tables and data in the L1D', () => {
    const MPRV_S = 'li t0, 0x1800\ncsrc mstatus, t0\nli t0, 0x20800\ncsrs mstatus, t0';
    const MPRV_VS = `${MPRV_S}\nli t0, 0x8000000000\ncsrs mstatus, t0`;
    // Indices chosen so that the three PTEs and the data lie in different sets of the L1D.
    const VA = (8n << 30n) | (16n << 21n) | (24n << 12n) | 0x100n;
    const PAGE_OF_DATA = 0x8060_0000n;

    function walk(fence: string): number {
      const program = new Program(
        measured(`li s1, ${VA}\n${fence}`, 'ld t1, 0(s1)', {
          before: `${OPEN_PMP}\nla t0, table\nld t0, 0(t0)\ncsrw satp, t0\n${MPRV_S}`,
          behind: '.align 3\ntable: .zero 8',
        }),
        engine,
        { machine: 'firesim' },
      );
      const table = new PageTable(program, 0x8040_0000n, 1).map(VA & ~0xfffn, PAGE_OF_DATA, RWX);
      program.poke(program.address('table'), table.atp);
      return cyclesOf(program);
    }

    it('TLB hit: nothing', () => {
      expect(walk('nop')).toBe(1);
    });

    it('everything flushed: 9 + 3 x 5', () => {
      expect(walk('sfence.vma')).toBe(1 + 9 + 3 * 5);
    });

    it('one page flushed: non-leaf PTEs from the PTE cache, 9 + 1 + 1 + 5', () => {
      expect(walk('sfence.vma s1, x0')).toBe(1 + 9 + 1 + 1 + 5);
    });

    it('two stages, everything flushed: 15 reads, of which the repeated G-stage tables come from the PTE cache', () => {
      const program = new Program(
        measured(`li s1, ${VA}\nhfence.gvma`, 'ld t1, 0(s1)', {
          before: `${OPEN_PMP}\nla t1, table\nld t0, 0(t1)\ncsrw vsatp, t0\nld t0, 8(t1)\ncsrw hgatp, t0\n${MPRV_VS}`,
          behind: '.align 3\ntable: .zero 16',
        }),
        engine,
        { machine: 'firesim' },
      );
      const guestTables = 0x8040_0000n;
      const guest = new PageTable(program, guestTables, 1).map(VA & ~0xfffn, PAGE_OF_DATA, RWX);
      const U = 16n;
      const host = new PageTable(program, 0x8050_0000n, 4).map(PAGE_OF_DATA, PAGE_OF_DATA, RWX | U);
      for (let page = 0n; page < 3n; page++) {
        const table = guestTables + page * 4096n;
        host.map(table, table, RWX | U);
      }
      program.poke(program.address('table'), guest.atp).poke(program.address('table') + 8n, host.atp);
      // PAGE_OF_DATA and the tables lie in different 2 MiB regions: the last G-stage walk has a middle PTE of its own.
      const gWalks = 3 * 5 + 2 * (1 + 1 + 5) + (1 + 5 + 5);
      expect(cyclesOf(program)).toBe(1 + 9 + gWalks + 3 * 5);
    });
  });
});

describe('pointer chase: cycles per hop', () => {
  const AREA = RAM_BASE + 0x20_0000n;

  const SELF = RAM_BASE + 0x1_0000n;

  /**
   * Follows a chain of `count` pointers `stride` bytes apart `passes` times; cycles of the last pass per hop. Before them the code is
   * warmed up with a pointer to itself.
   */
  function chase(engine: EngineName, stride: bigint, count: number, passes: number): number {
    const unroll = 16;
    const program = new Program(
      `
    la   t0, unexpected
    csrw mtvec, t0
    li   s0, ${passes + 1}
    li   a2, ${SELF}
pass:
    li   s1, ${count / unroll}
    mv   a3, a2
    csrr a0, mcycle
    j    hop
.align 6
hop:
    ${'ld   a3, 0(a3)\n'.repeat(unroll)}
    addi s1, s1, -1
    bnez s1, hop
    csrr a1, mcycle
    addi s0, s0, -1
    li   a2, ${AREA}
    bnez s0, pass
    sub  a0, a1, a0
    ${PASS}
    ${UNEXPECTED}`,
      engine,
      { machine: 'firesim' },
    );
    program.poke(SELF, SELF);
    for (let i = 0n; i < BigInt(count); i++) {
      program.poke(AREA + i * stride, AREA + ((i + 1n) % BigInt(count)) * stride);
    }
    const overhead = (2 * count) / unroll;
    return (Number(program.run().x('a0')) - overhead) / count;
  }

  it('L1: 2 (2)', () => {
    expect(chase('interpreter', 64n, 32, 40)).toBeCloseTo(2, 0);
  });

  it('L2: about 18 (6)', () => {
    const hop = chase('interpreter', 64n, 1024, 3);
    expect(hop).toBeGreaterThan(17.5);
    expect(hop).toBeLessThan(18.5);
  });

  it('LLC: 75..85 (8)', () => {
    const hop = chase('interpreter', 64n, 28672, 2);
    expect(hop).toBeGreaterThan(75);
    expect(hop).toBeLessThan(85);
  });

  it('DRAM, one row after the other: about 140 where the row is open (8)', () => {
    const hop = chase('interpreter', 128n, 8192, 1);
    expect(hop).toBeGreaterThan(135);
    expect(hop).toBeLessThan(147);
  });

  it('DRAM, bank after bank: about 185 (8)', () => {
    const hop = chase('interpreter', 8192n, 32, 1);
    expect(hop).toBeGreaterThan(180);
    expect(hop).toBeLessThan(192);
  });

  it('DRAM, always another row of one bank: about 230 (8)', () => {
    const hop = chase('interpreter', 0x4_0000n, 32, 1);
    expect(hop).toBeGreaterThan(222);
    expect(hop).toBeLessThan(240);
  });
});
