/** Where compiled code could differ from the other engines: every engine runs the same hot loops and is compared as it goes. */
import { describe, expect, test } from 'vitest';
import { assemble } from '../../libs/riscv-core/src/decode/assembler.js';
import { HARTS, X } from '../../libs/riscv-core/src/hart/layout.js';
import { buildMachine } from '../../libs/riscv-core/src/machine/builder.js';
import { resolveConfig, type MachineOptions } from '../../libs/riscv-core/src/machine/config.js';
import { OPEN_PMP, PASS } from '../isa/program.js';
import { compareMachines, type LockstepResult } from './lockstep.js';
import { engineOf, subjects } from './subjects.js';

const BASE = 0x8000_0000n;

function compare(source: string, options: MachineOptions, step: number): LockstepResult {
  const image = assemble(source + PASS, BASE).bytes;
  return compareMachines(
    (subject) => {
      const raw = [{ name: 'program', bytes: image, address: BASE }];
      const config = resolveConfig({ memoryBytes: 1 << 20, ...options });
      return buildMachine(config, { raw, entry: BASE }, engineOf(subject), { write: () => undefined }).machine;
    },
    20_000,
    step,
  );
}

const timings = ['none', 'rocket'] as const;

describe.each(timings)('timing %s', (timing) => {
  // The handler counts and sets the next deadline `period` ticks on, so that it comes at another place of the loop each time.
  test.each([1, 3, 7])('timer interrupts every %i ticks are taken at the same instructions', (period) => {
    const result = compare(
      `
    la   t0, handler
    csrw mtvec, t0
    li   s0, 0x02004000
    li   s1, 0x0200bff8
    ld   t0, 0(s1)
    addi t0, t0, ${period}
    sd   t0, 0(s0)
    li   t0, 0x80
    csrw mie, t0
    csrsi mstatus, 8
    li   s2, 400
    la   s4, data
loop: ld a0, 0(s4)
    add  a0, a0, s2
    sd   a0, 0(s4)
    andi a1, a0, 3
    beqz a1, even
    mul  a2, a0, a1
    j    on
even: xor a2, a2, a0
on: addi s2, s2, -1
    bnez s2, loop
    j    end
.align 2
handler:
    ld   t0, 0(s1)
    addi t0, t0, ${period}
    sd   t0, 0(s0)
    addi s5, s5, 1
    mret
.align 3
data: .dword 5
end:
`,
      { timing },
      311,
    );
    expect(result.end).toBe('finisher 0');
    // Interrupts from V=0 to M: machine timer.
    expect(result.traps[3 * 128 + 64 + 7]).toBeGreaterThan(1);
  });

  test('an instruction limit stops at the same place for every distance', () => {
    for (const step of [1, 2, 5, 11, 29])
      compare(
        'li s0, 60\nloop: addi a0, a0, 3\nxor a1, a1, a0\nj on\non: addi s0, s0, -1\nbnez s0, loop',
        { timing },
        step,
      );
  });

  test('a trap in the middle of a hot block leaves the registers as they were before it', () => {
    const result = compare(
      `
    la   t0, handler
    csrw mtvec, t0
    li   s0, 200
    li   s1, 0x1000
loop: addi a0, a0, 1
    slli a1, a0, 3
    ld   a1, 0(s1)
    add  a2, a2, a1
    addi s0, s0, -1
    bnez s0, loop
    j    end
.align 2
handler:
    csrr t0, mepc
    csrr t1, mtval
    add  s3, s3, t1
    addi t0, t0, 4
    csrw mepc, t0
    mret
end:
`,
      { timing },
      53,
    ).traps;
    expect(result[3 * 128 + 5]).toBe(200);
  });

  test.each(['', 'fence.i'])('a loop that rewrites one of its instructions sees it at once (%s)', (fence) => {
    const result = compare(
      `
    la   s1, patched
    lw   s2, 0(s1)
    li   s3, 0x100000
    li   s0, 64
loop: add s2, s2, s3
    sw   s2, 0(s1)
    ${fence}
patched: addi a0, a0, 1
    add  a1, a1, a0
    addi s0, s0, -1
    bnez s0, loop
`,
      { timing },
      31,
    );
    expect(result.end).toBe('finisher 0');
  });

  test('stores beside hot code, and into lines of it that were not decoded', () => {
    compare(
      `
    la   s1, behind
    li   s0, 300
loop: sd  s0, 0(s1)
    sd   s0, 128(s1)
    ld   a0, 0(s1)
    add  a1, a1, a0
    addi s0, s0, -1
    bnez s0, loop
    j    end
.align 6
behind:
    .dword 0
.align 8
end:
    nop
`,
      { timing },
      41,
    );
  });

  // The branch is the last instruction of its page; the way that is compiled first ends in a return, the other leaves the region.
  test('a branch that leaves its region behind code that ends in a return', () => {
    const result = compare(
      `
    li   s0, 400
loop: mul  a0, s0, s0
    srli a0, a0, 3
    andi a0, a0, 1
    jal  ra, f
    addi s0, s0, -1
    bnez s0, loop
    j    end
.align 12
.zero 4080
back: addi a1, a1, 1
    ret
f: xor a3, a3, a0
    bnez a0, back
    addi a2, a2, 1
    ret
end:
`,
      { timing },
      43,
    );
    expect(result.end).toBe('finisher 0');
  });

  test('more transfers in one loop than the target buffer has entries', () => {
    const step = (n: number): string => `
    srli a0, s0, ${n % 7}
    andi a0, a0, 1
    beqz a0, skip${n}
    ${n % 3 === 0 ? `jal ra, leaf` : `j skip${n}`}
    addi a1, a1, ${n}
skip${n}: addi a2, a2, 1`;
    const result = compare(
      `
    li   s0, 90
    j    loop
leaf: addi a3, a3, 1
    ret
loop: ${Array.from({ length: 24 }, (_, n) => step(n)).join('\n')}
    addi s0, s0, -1
    bnez s0, loop
`,
      { timing },
      211,
    );
    expect(result.end).toBe('finisher 0');
  });

  // Gigapages: 0xc000_0000 is RAM a second time, 0 the devices. The branch predictor goes by virtual addresses.
  test('one page of code under two addresses', () => {
    const result = compare(
      `
    ${OPEN_PMP}
    la   t0, root
    li   t1, 0xcf
    sd   t1, 0(t0)
    li   t1, 0x200000cf
    sd   t1, 16(t0)
    sd   t1, 24(t0)
    srli t0, t0, 12
    li   t1, 8
    slli t1, t1, 60
    or   t0, t0, t1
    csrw satp, t0
    la   t0, supervisor
    csrw mepc, t0
    li   t0, 0x800
    csrw mstatus, t0
    mret
supervisor:
    li   s0, 200
    la   s1, f
    li   s2, 0x40000000
again: jalr ra, 0(s1)
    andi t0, s0, 3
    bnez t0, same
    xor  s1, s1, s2
same: addi s0, s0, -1
    bnez s0, again
    j    end
.align 6
f: andi a0, s0, 7
    addi a0, a0, 1
inner: andi a1, a0, 1
    beqz a1, even
    addi a2, a2, 1
even: addi a0, a0, -1
    bnez a0, inner
    ret
.align 12
root: .zero 4096
end:
`,
      { timing },
      97,
    );
    expect(result.end).toBe('finisher 0');
  });

  test.each([1, 7, 50, 8000])('two harts that share words, in turns of %i cycles', (quantum) => {
    const result = compare(
      `
    la   s1, shared
    li   s0, 100
    csrr s2, mhartid
loop: li a0, 1
    amoadd.d a1, a0, (s1)
try: lr.d a2, 8(s1)
    add  a2, a2, s2
    addi a2, a2, 1
    sc.d a3, a2, 8(s1)
    bnez a3, try
    sd   a1, 16(s1)
    ld   a4, 16(s1)
    add  a5, a5, a4
    addi s0, s0, -1
    bnez s0, loop
    amoadd.d a1, a0, 24(s1)
wait: ld a1, 24(s1)
    li   a2, 2
    bne  a1, a2, wait
    bnez s2, sleep
    j    end
sleep: wfi
    j    sleep
.align 6
shared: .dword 0
    .dword 0
    .dword 0
    .dword 0
end:
`.replace(/(lr\.d a2|sc\.d a3, a2|amoadd\.d a1, a0), (\d+)\(s1\)/g, 'addi s6, s1, $2\n    $1, (s6)'),
      { timing, harts: 2, quantum },
      167,
    );
    expect(result.end).toBe('finisher 0');
  });

  test('a hot loop that a device overwrites runs as it is from then on', () => {
    const image = assemble('loop: addi a0, a0, 1\n j loop', BASE).bytes;
    const overwritten = assemble('addi a0, a0, 2', BASE).bytes;
    const ends = subjects.map((subject) => {
      const raw = [{ name: 'program', bytes: image, address: BASE }];
      const config = resolveConfig({ memoryBytes: 1 << 20, timing });
      const ports = { write: () => undefined };
      const { machine } = buildMachine(config, { raw, entry: BASE }, engineOf(subject), ports);
      machine.run(5000, 5000);
      machine.ram.slice(BASE, 4n).set(overwritten);
      machine.deviceAccessed(Number(BASE), 4, true);
      machine.run(5000, 10_000);
      return { a0: machine.memory.u64(HARTS + X + 8 * 10), cycles: machine.totalCycles(), state: machine.stateHash() };
    });
    expect(ends).toEqual(ends.map(() => ends[0]));
    expect(ends[0]!.a0).toBe(7500n);
  });
});
