/** `dvfarm exec --commit-log` and `--hash-every`: what they say, and that the machine does not notice. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { engineNames } from '../../libs/riscv-core/src/machine/engine.js';
import { finish, path, program, report, run } from '../exec/exec.testkit.js';

/** Every kind of effect once, and an instruction that traps. */
const EFFECTS = `
  la t0, on_trap
  csrw mtvec, t0
  la s0, data
  li a0, 5
  lh a1, 0(s0)
  sb a0, 1(s0)
  amoadd.w a2, a0, (s0)
  lr.d a3, (s0)
  sc.d a4, a0, (s0)
  sc.d a4, a0, (s0)
  csrrs a5, mscratch, zero
  li t1, 0x6000
  csrs mstatus, t1
  fld f10, 0(s0)
  fsw f10, 8(s0)
  ecall
  addi zero, a0, 1
${finish('0x5555')}
.align 2
on_trap: csrr t2, mepc
  addi t2, t2, 4
  csrw mepc, t2
  mret
.align 3
data: .dword 0x8002
  .dword 0
`;

/** Where nothing of the address is left out, in the order of the log: 0x…58 is \`data\`. */
const EXPECTED = `
x5
x5
c773_mtvec
x8
x8
x10 0x0000000000000005
x11 0xffffffffffff8002 mem D
mem D+1 0x05
x12 0x0000000000000502 mem D mem D 0x00000507
x13 0x0000000000000507 mem D
x14 0x0000000000000000 mem D 0x0000000000000005
x14 0x0000000000000001
x15 0x0000000000000000
`;

/** Where one thing is written and another is named: views of CSRs, state that changes by itself, three modes. */
const VIEWS = `
  la t0, on_trap
  csrw mtvec, t0
  li t0, 0x2000
  csrw mstatus, t0
  li a0, 0x3f800000
  fmv.w.x f2, a0
  fmv.w.x f3, zero
  fdiv.s f4, f2, f3
  fdiv.s f4, f2, f3
  fdiv.s f0, f2, f3
  feq.s a1, f2, f3
  csrwi fcsr, 0x11
  csrwi frm, 0
  csrwi sie, 2
  csrr a2, sie
  csrwi sip, 2
  csrwi hvip, 4
  csrwi hie, 4
  csrwi hie, 0
  csrwi sscratch, 5
  csrwi mhpmevent3, 0
  csrwi tselect, 1
  la t0, data
  sh a0, 8(t0)
  .half 0x4505, 0x0001
  li t0, 0x100
  csrs sstatus, t0
  la t0, supervisor
  csrw sepc, t0
  csrwi mideleg, 0
  li t0, -1
  csrw pmpaddr0, t0
  csrwi pmpcfg0, 31
  sret
supervisor:
  csrwi sscratch, 6
  li t0, 0x80
  csrw hstatus, t0
  li t0, 0x100
  csrw sstatus, t0
  la t0, guest
  csrw sepc, t0
  sret
guest:
  csrwi sscratch, 7
  csrwi sepc, 8
  csrwi sie, 2
  csrr a3, sstatus
  ecall
.align 2
on_trap:
  la t0, end
  csrw mepc, t0
  mret
end:
${finish('0x5555')}
.align 3
data: .dword 0
  .dword 0
`;

/** Accepted by eye, field by field as Spike writes it. */
const GOLDEN = new URL('../golden/commit-log.txt', import.meta.url);

describe('the commit log', () => {
  it.each(engineNames)('names registers as Spike does, sorted by number, on the %s', async (engine) => {
    const elf = program('views.elf', VIEWS);
    const file = path('views.log');
    expect((await run(elf, '--memory', '2M', '--engine', engine, '--commit-log', file)).code).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe(readFileSync(GOLDEN, 'utf8'));
  });

  it('names what each instruction did, and is the same on every engine', async () => {
    const elf = program('effects.elf', EFFECTS);
    const logs: string[] = [];
    for (const engine of engineNames) {
      const file = path(`${engine}.log`);
      expect((await run(elf, '--memory', '2M', '--engine', engine, '--commit-log', file)).code).toBe(0);
      logs.push(readFileSync(file, 'utf8'));
    }
    for (const log of logs) expect(log).toBe(logs[0]);
    const lines = logs[0]!.trimEnd().split('\n');
    for (const line of lines) expect(line).toMatch(/^core {3}0: 3 0x[0-9a-f]{16} \(0x[0-9a-f]{8}\)/);
    const data = /mem (0x[0-9a-f]{16})/.exec(logs[0]!)![1]!;
    const next = `0x${(BigInt(data) + 1n).toString(16).padStart(16, '0')}`;
    const effects = lines.map((line) =>
      line
        .slice(line.indexOf(')') + 2)
        .replaceAll(data, 'D')
        .replaceAll(next, 'D+1'),
    );
    EXPECTED.trim()
      .split('\n')
      .forEach((expected, i) => expect(effects[i], lines[i]).toMatch(new RegExp(`^${expected.replace('+', '\\+')}`)));
    expect(logs[0]).toMatch(/f10 0x0000000000000005 mem/);
    expect(logs[0]).toMatch(/mem 0x[0-9a-f]{16} 0x00000005\n/);
    expect(logs[0]).toMatch(/c768_mstatus 0x80000[0-9a-f]{7}6000\n/);
    // The call itself trapped; its handler and what is behind it are there.
    expect(logs[0]).not.toMatch(/\(0x00000073\)/);
    expect(logs[0]).toMatch(/\(0x30200073\) c768_mstatus .*\n.*\(0x00150013\)\n/);
  });

  it.each(engineNames)('does not change cycles or state on the %s', async (engine) => {
    const elf = program('effects.elf', EFFECTS);
    const args = [elf, '--memory', '2M', '--engine', engine, '--machine', 'firesim'];
    const alone = (await report(...args)).json;
    const logged = (await report(...args, '--commit-log', path('log'), '--hash-every', `100@${path('chain')}`)).json;
    expect([logged.cycles, logged.instret, logged.stateHash]).toEqual([alone.cycles, alone.instret, alone.stateHash]);
    expect(readFileSync(path('log'), 'utf8').trimEnd().split('\n')).toHaveLength(alone.instret);
  });
});

/** Counts down from what is at \`start\`. */
const countdown = (start: number): string => `
  li t0, 4000
  li a0, ${start}
loop: addi t0, t0, -1
  xor a0, a0, t0
  bnez t0, loop
${finish('0x5555')}`;

describe('the hash chain', () => {
  const chain = async (elf: string, engine: string): Promise<string[]> => {
    const file = path('chain');
    expect((await run(elf, '--memory', '2M', '--engine', engine, '--hash-every', `2000@${file}`)).code).toBe(0);
    return readFileSync(file, 'utf8').trimEnd().split('\n');
  };

  it('has a line for every so many cycles, the same on every engine', async () => {
    const elf = program('count.elf', countdown(0));
    const lines = await chain(elf, 'interpreter');
    expect(lines).toHaveLength(7);
    lines.slice(0, 6).forEach((line, i) => {
      const [cycle, instret] = line.split(' ').map(Number);
      expect(Math.floor(cycle! / 2000)).toBe(i + 1);
      expect(cycle! % 2000).toBeLessThan(3);
      expect(instret).toBe(cycle);
    });
    for (const engine of ['jit', 'reference']) expect(await chain(elf, engine)).toEqual(lines);
  });

  it('parts for good where two runs part', async () => {
    const [one, other] = [
      await chain(program('one.elf', countdown(0)), 'jit'),
      await chain(program('other.elf', countdown(1)), 'jit'),
    ];
    expect(one.map((line) => line.split(' ')[0])).toEqual(other.map((line) => line.split(' ')[0]));
    one.forEach((line, i) => expect(line).not.toBe(other[i]));
  });
});
