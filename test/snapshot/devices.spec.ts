/** Snapshots while devices are at work: every device has something under way at one point or another. */
import { describe, expect, it } from 'vitest';
import type { LinkPeer } from '../../libs/riscv-core/src/devices/link.js';
import { numbersOf } from '../../libs/riscv-core/src/devices/state-reader.js';
import type { MachineOptions } from '../../libs/riscv-core/src/machine/config.js';
import { copySector, echoFrames } from '../devices/io-program.js';
import { PASS } from '../isa/program.js';
import { expectResumes, maker, type Make, type Outcome } from './resume.testkit.js';

const LIMIT = 2_000_000;
const models: MachineOptions[] = [{}, { machine: 'firesim' }];
const POINTS = [0.05, 0.27, 0.49, 0.71, 0.93];

function resumes(make: Make, makePeer?: (kind: string) => LinkPeer): Outcome {
  return expectResumes(make, 'interpreter', ['jit', 'reference'], POINTS, LIMIT, makePeer);
}

/** Has sent some frames before the machine starts, and remembers the cycles at which they came back. */
function earlyBird(): LinkPeer & { readonly seen: number[] } {
  const seen: number[] = [];
  return {
    seen,
    connect: (send) => {
      for (let i = 0; i < 6; i++) send(new Uint8Array(i % 2 === 0 ? 60 + i : 1514).fill(i));
    },
    receive: (_, cycle) => void seen.push(cycle),
    saved: {
      kind: 'early bird',
      state: () => seen.slice(),
      restore: (state) => void seen.push(...numbersOf(state)),
    },
  };
}

/** Sleeps from one timer interrupt to the next; then asks for one that an interrupt of its own preempts. */
const TIMERS = `
    la   t0, on_trap
    csrw mtvec, t0
    li   s0, 0x02004000
    li   s1, 0
    li   s2, 7
    li   t0, 0x80
    csrw mie, t0
next:
    li   t1, 0x0200bff8
    ld   t0, 0(t1)
    addi t0, t0, 3
    sd   t0, 0(s0)
    csrsi mstatus, 8
    wfi
    csrci mstatus, 8
    blt  s1, s2, next
${PASS}
.align 2
on_trap:
    addi s1, s1, 1
    li   t0, -1
    sd   t0, 0(s0)
    mret
`;

/** Reads its input by interrupt and writes it back by polling, until a full stop. */
const TYPIST = `
    li   s0, 0x10000000
    li   t0, 0x0c000028
    li   t1, 1
    sw   t1, 0(t0)
    li   t0, 0x0c002000
    li   t1, 0x400
    sw   t1, 0(t0)
    li   s11, 0x0c200000
    sw   zero, 0(s11)
    li   t0, 0x800
    csrw mie, t0
    li   t0, 1
    sb   t0, 1(s0)
again:
    wfi
    lw   t0, 4(s11)
    lbu  t1, 0(s0)
    sb   t1, 0(s0)
    sb   t1, 7(s0)
    sw   t0, 4(s11)
    li   t2, 40
delay: addi t2, t2, -1
    bnez t2, delay
    li   t2, 46
    bne  t1, t2, again
${PASS}`;

/** Asks for characters through HTIF and prints each twice; ends with HTIF too. */
const HTIF = `
    la   s0, tohost
    la   s1, fromhost
    li   s2, 5
    li   s3, 1
    slli s3, s3, 56
    li   s4, 0x01
    slli s4, s4, 48
again:
    li   t0, 100
delay: addi t0, t0, -1
    bnez t0, delay
    sd   s3, 0(s0)
await: ld t0, 0(s1)
    beqz t0, await
    sd   zero, 0(s1)
    andi t0, t0, 255
    or   t1, s3, s4
    or   t1, t1, t0
    sd   t1, 0(s0)
    sd   zero, 0(s1)
    sd   t1, 0(s0)
    sd   zero, 0(s1)
    addi s2, s2, -1
    bnez s2, again
    li   t0, 1
    sd   t0, 0(s0)
end: j end
.align 6
tohost: .dword 0
fromhost: .dword 0
`;

/** Harts 1 and up sleep until hart 0 rings them, one after the other, again and again; each counts its rings. */
const BELLS = `
    la   s1, count
    li   s2, 0x02000000
    slli t0, a0, 2
    add  s3, s2, t0
    bnez a0, sleeper
    li   s4, 12
ring:
    li   t1, 300
pause: addi t1, t1, -1
    bnez t1, pause
    li   t2, 3
    rem  t2, s4, t2
    slli t2, t2, 2
    add  t2, t2, s2
    li   t1, 1
    sw   t1, 4(t2)
    addi s4, s4, -1
    bnez s4, ring
all: ld t1, 0(s1)
    li   t2, 12
    bne  t1, t2, all
${PASS}
sleeper:
    li   t1, 8
    csrw mie, t1
doze:
    wfi
    sw   zero, 0(s3)
    li   t1, 1
    amoadd.d t2, t1, (s1)
    j    doze
.align 6
count: .dword 0
`;

describe.each(models)('a snapshot on %o', (model) => {
  it('while the disk reads and writes', () => {
    const disk = (): Uint8Array => Uint8Array.from({ length: 4096 }, (_, i) => (i < 512 ? 65 + (i % 26) : 0));
    const make = maker(copySector(PASS), () => ({ ...model, block: { image: disk() } }));
    const outcome = resumes(make);
    expect(outcome.console).toBe('A');
    expect(Buffer.from(outcome.disk, 'base64').subarray(512, 516).toString()).toBe('ABCD');
  });

  it('while frames fly in both directions and wait in the device', () => {
    const peers: ReturnType<typeof earlyBird>[] = [];
    const newPeer = (): LinkPeer => {
      const peer = earlyBird();
      peers.push(peer);
      return peer;
    };
    const linger = `
    li   t0, 20000
linger:
    addi t0, t0, -1
    bnez t0, linger
${PASS}`;
    const set = { 'net.gbps': 10 };
    resumes(
      maker(echoFrames(6, linger), () => ({ ...model, set, net: { peer: newPeer() } })),
      newPeer,
    );
    expect(peers.length).toBeGreaterThan(10);
    expect(peers[0]!.seen).toHaveLength(6);
    for (const peer of peers) expect(peer.seen).toEqual(peers[0]!.seen);
  });

  it('while it sleeps for a timer', () => {
    resumes(maker(TIMERS, () => model));
  });

  it('while console input waits, by interrupt', () => {
    expect(resumes(maker(TYPIST, () => model, 'typed ahead.')).console).toBe('typed ahead.');
  });

  it('while HTIF input waits', () => {
    expect(resumes(maker(HTIF, () => model, 'input')).console).toBe('iinnppuutt');
  });

  it('while some of its harts sleep and others ring them', () => {
    resumes(maker(BELLS, () => ({ ...model, harts: 4, quantum: 50 })));
  });
});
