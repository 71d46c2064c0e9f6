/** Traps, CSR access and interrupts of the machine and supervisor levels (Privileged ISA ch. 3 and 4). */
import { describe, expect, test } from 'vitest';
import { engineNames } from '../../libs/riscv-core/src/machine/engine.js';
import { OPEN_PMP, run as runOn, runIn, runLogged } from './program.js';

const INTERRUPT = 1n << 63n;

describe.each(engineNames)('%s', (engine) => {
  const run = (body: string, data = '') => runOn(engine, body, {}, data);
  const logged = (body: string, data = '') => runLogged(engine, body, {}, data);

  test('ecall reports the mode it came from, in mcause and in MPP', () => {
    const p = logged(`
      ${OPEN_PMP}
      la   s10, next
      ecall
next: ${runIn('S', 'call', 's')}
      ${runIn('U', 'call', 'u')}
      ${runIn('VS', 'call', 'vs')}
      ${runIn('VU', 'call', 'vu')}
      j    end
call: ecall
end:
    `);
    expect(p.traps().map((t) => [t.cause, t.tval, (t.status >> 11n) & 3n, (t.status >> 39n) & 1n])).toEqual([
      [11n, 0n, 3n, 0n],
      [9n, 0n, 1n, 0n],
      [8n, 0n, 0n, 0n],
      [10n, 0n, 1n, 1n],
      [8n, 0n, 0n, 1n],
    ]);
    expect(p.traps()[1]!.epc).toBe(p.address('call'));
  });

  test('a delegated trap goes to stvec only from S and U, never from M', () => {
    const p = logged(`
      ${OPEN_PMP}
      li   t0, 8
      csrw medeleg, t0
      la   t0, in_s
      csrw stvec, t0
      la   s10, next
brk:  ebreak
next: ${runIn('U', 'user', 'u')}
      j    end
user: ebreak
.align 2
in_s: csrr s0, scause
      csrr s1, sepc
      csrr s2, stval
      csrr s3, sstatus
      ecall
end:
    `);
    expect(p.traps().map((t) => t.cause)).toEqual([3n, 9n]);
    expect(p.traps()[0]!.tval).toBe(p.address('brk'));
    expect([p.x('s0'), p.x('s1'), p.x('s2')]).toEqual([3n, p.address('user'), p.address('user')]);
    expect((p.x('s3') >> 8n) & 1n).toBe(0n);
  });

  test('csrrs and csrrc with x0 do not write, so they may read a read-only register', () => {
    const p = logged(`
      csrrs s0, mhartid, x0
      csrrci s1, mhartid, 0
      la   s10, next
      csrrw s2, mhartid, x0
next: la   s10, last
      csrrs s2, mhartid, s9
last:
    `);
    expect(p.traps().map((t) => t.cause)).toEqual([2n, 2n]);
  });

  test('a register of a higher level is illegal, and so is one that does not exist', () => {
    const p = logged(`
      ${OPEN_PMP}
      ${runIn('S', 's_try', 's')}
      ${runIn('U', 'u_try', 'u')}
      la   s10, last
      csrr t1, 0x5a8
      j last
s_try: csrr t1, mstatus
u_try: csrr t1, sstatus
last:
    `);
    expect(p.traps().map((t) => t.cause)).toEqual([2n, 2n, 2n]);
    expect(p.traps()[1]!.tval).toBe(0x10002373n);
  });

  test('cycle and instret obey mcounteren in S and scounteren in U', () => {
    const p = logged(`
      ${OPEN_PMP}
      ${runIn('S', 'read', 'a')}
      li   t2, 4
      csrw mcounteren, t2
      ${runIn('S', 'read', 'b')}
      ${runIn('U', 'read', 'c')}
      csrw scounteren, t2
      ${runIn('U', 'read', 'd')}
      j    last
read: rdinstret t1
      ecall
last:
    `);
    expect(p.traps().map((t) => t.cause)).toEqual([2n, 9n, 2n, 8n]);
  });

  test('the instruction behind a write of minstret reads what was written', () => {
    const p = run(`
      li   a0, 1000
      csrw minstret, a0
      csrr s0, minstret
      nop
      csrr s1, minstret
    `);
    expect([p.x('s0'), p.x('s1')]).toEqual([1000n, 1002n]);
  });

  test('mret clears MPRV on the way down and leaves MPP at the least privilege', () => {
    const p = logged(`
      ${OPEN_PMP}
      li   t0, 0x20000
      csrs mstatus, t0
      ${runIn('S', 'call', 's')}
      j    end
call: ecall
end:  csrr s0, mstatus
    `);
    expect((p.x('s0') >> 17n) & 1n).toBe(0n);
    expect(p.traps()[0]!.status & 0x1800n).toBe(0x800n);
  });

  test('TSR, TVM and TW turn S-mode instructions into illegal ones', () => {
    const p = logged(`
      ${OPEN_PMP}
      li   t0, 0x700000
      csrs mstatus, t0
      ${runIn('S', 'a', 'a')}
      ${runIn('S', 'b', 'b')}
      ${runIn('S', 'c', 'c')}
      ${runIn('S', 'd', 'd')}
      j    end
a:    sret
b:    sfence.vma
c:    csrr t0, satp
d:    wfi
end:
    `);
    expect(p.traps().map((t) => t.cause)).toEqual([2n, 2n, 2n, 2n]);
    expect(p.traps().map((t) => t.tval)).toEqual([0x10200073n, 0x12000073n, 0x180022f3n, 0x10500073n]);
  });

  test('a timer interrupt is taken at the vectored address, with a zero tval', () => {
    const p = run(
      `
      la   t0, vectors
      addi t0, t0, 1
      csrw mtvec, t0
      li   t0, 0x2004000
      li   t1, 20
      sd   t1, 0(t0)
      li   t0, 0x80
      csrw mie, t0
      csrsi mstatus, 8
wait: j    wait
.align 2
vectors:
      j    vectors
      .zero 24
      j    timer
timer:
      csrr s0, mcause
      csrr s1, mtval
      csrr s2, mepc
      csrr s3, mip
    `,
    );
    expect([p.x('s0'), p.x('s1'), p.x('s2')]).toEqual([INTERRUPT | 7n, 0n, p.address('wait')]);
    expect(p.x('s3')).toBe(0x80n);
  });

  test('wfi ends for a pending interrupt that is not globally enabled, and sleeping time is not counted', () => {
    const p = run(`
      li   t0, 0x2004000
      li   t1, 1000
      sd   t1, 0(t0)
      li   t0, 0x80
      csrw mie, t0
      wfi
      csrr s0, time
      csrr s1, mcycle
    `);
    expect(p.x('s0')).toBeGreaterThanOrEqual(1000n);
    expect(p.x('s1')).toBeLessThan(100n);
  });

  test('a software interrupt beats a timer interrupt, and an external one beats both', () => {
    const p = run(`
      la   t0, handler
      csrw mtvec, t0
      li   t0, 0x2000000
      li   t1, 1
      sw   t1, 0(t0)
      li   t0, 0x2004000
      sd   x0, 0(t0)
      li   t0, 0x888
      csrw mie, t0
      csrsi mstatus, 8
      nop
.align 2
handler:
      csrr s0, mcause
    `);
    expect(p.x('s0')).toBe(INTERRUPT | 3n);
  });

  test('a delegated interrupt does not disturb M-mode, and sip shows only delegated bits', () => {
    const p = logged(`
      ${OPEN_PMP}
      la   t0, in_s
      csrw stvec, t0
      li   t0, 0x222
      csrw mideleg, t0
      li   t0, 2
      csrw mie, t0
      csrs mip, t0
      csrsi mstatus, 10
      csrr s0, sip
      csrci mstatus, 8
      csrwi mideleg, 0
      csrr s1, sip
      csrw mideleg, t0
      ${runIn('S', 'spin', 's')}
      j    end
spin: j    spin
.align 2
in_s: csrr s2, scause
      csrw sip, x0
      csrr s3, sip
      ecall
end:
    `);
    expect([p.x('s0'), p.x('s1'), p.x('s2'), p.x('s3')]).toEqual([2n, 0n, INTERRUPT | 1n, 0n]);
  });

  test('mstatus keeps MPP when software writes the reserved value, and shows 64-bit modes', () => {
    const p = run(`
      li   t0, 0x800
      csrw mstatus, t0
      li   t0, 0x1000
      csrw mstatus, t0
      csrr s0, mstatus
    `);
    expect(p.x('s0')).toBe(0xa_0000_0800n);
  });
});

describe.each(engineNames)('%s: physical memory protection', (engine) => {
  const body = (config: number) => `
      la   t0, secret
      srli t0, t0, 2
      csrw pmpaddr0, t0
      li   t0, ${config}
      csrw pmpcfg0, t0
      li   t0, -1
      srli t0, t0, 10
      csrw pmpaddr1, t0
      li   t0, 0x1f00
      csrs pmpcfg0, t0
      la   a0, secret
      la   s10, next
      lw   s0, 0(a0)
next: ${runIn('U', 'peek', 'u')}
      j    end
peek: lw   t1, 4(a0)
      ld   t1, 0(a0)
      ecall
end:
  `;
  const data = '.align 3\nsecret: .dword 0x1234';

  test('the lowest matching entry decides, and must cover the whole access', () => {
    // NA4 without permissions over the first word: the second word falls to the open entry behind it.
    const p = runLogged(engine, body(0x10), {}, data);
    expect(p.x('s0')).toBe(0x1234n);
    expect(p.traps().map((t) => [t.cause, t.tval])).toEqual([[5n, p.address('secret')]]);
  });

  test('a locked entry binds M-mode too and cannot be changed', () => {
    const p = runLogged(engine, body(0x90) + 'csrw pmpcfg0, x0\n csrw pmpaddr0, x0\n csrr s1, pmpcfg0', {}, data);
    expect(p.traps().map((t) => t.cause)).toEqual([5n, 5n]);
    expect(p.x('s1')).toBe(0x90n);
  });

  test('without a matching entry U-mode may do nothing', () => {
    const p = runLogged(engine, `${runIn('U', 'code', 'u')}\n j end\ncode: ecall\nend:`);
    expect(p.traps().map((t) => [t.cause, t.tval])).toEqual([[1n, p.address('code')]]);
  });

  test('granularity 4096: NA4 cannot be chosen and low address bits read as the mode says', () => {
    const p = runOn(
      engine,
      `
      li   t0, -1
      csrw pmpaddr0, t0
      csrr s0, pmpaddr0
      li   t0, 0x17
      csrw pmpcfg0, t0
      csrr s1, pmpcfg0
      csrr s2, pmpaddr0
      csrw pmpaddr0, x0
      csrr s3, pmpaddr0
    `,
      { machine: 'firesim', timing: 'none', dvext: 'none' },
    );
    expect(p.x('s0')).toBe(0x3f_ffff_ffff_fc00n);
    expect([p.x('s1'), p.x('s2'), p.x('s3')]).toEqual([0x1fn, 0x3f_ffff_ffff_ffffn, 0x1ffn]);
  });
});
