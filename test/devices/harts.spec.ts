/** Several harts and a device: one gives the order, another sleeps until it is carried out, the rest share a counter. */
import { describe, expect, it } from 'vitest';
import type { MachineOptions } from '../../libs/riscv-core/src/machine/config.js';
import { engineNames, type EngineName } from '../../libs/riscv-core/src/machine/engine.js';
import { PASS, Program } from '../isa/program.js';
import { BLOCK, descriptor, driverOk, queueMemory, startDevice, startQueue } from './io-program.js';

const ADDITIONS = 50;

/** Block interrupts go to hart 1's M context, which is context 2 without DV-ext. */
const SOURCE = `
    la   s2, counter
    la   s3, ready
    la   s4, done
    li   t0, 1
    beq  a0, t0, sleeper
    bnez a0, adder
    # hart 0: gives the order once hart 1 listens, then adds until it is told
    li   s0, ${BLOCK}
${startDevice}
${startQueue(0, 'queue', 8)}
${driverOk}
listening:
    lw   t0, 0(s3)
    beqz t0, listening
    la   s1, queue_avail
    li   t0, 1
    sh   t0, 2(s1)
    sw   zero, 0x50(s0)
    li   t1, 1
waiting:
    amoadd.d t2, t1, (s2)
    ld   t0, 0(s4)
    beqz t0, waiting
${PASS}
sleeper:
    li   s0, ${BLOCK}
    li   t0, 0x0c000008
    li   t1, 1
    sw   t1, 0(t0)
    li   t0, 0x0c002100
    li   t1, 4
    sw   t1, 0(t0)
    li   s11, 0x0c202000
    sw   zero, 0(s11)
    li   t0, 0x800
    csrw mie, t0
    li   t0, 1
    sw   t0, 0(s3)
    rdcycle s5
again:
    wfi
    lw   t0, 4(s11)
    beqz t0, again
    rdcycle s6
    lw   t1, 0x60(s0)
    sw   t1, 0x64(s0)
    sw   t0, 4(s11)
    la   t0, buffer
    lbu  t1, 0(t0)
    sd   t1, 0(s4)
asleep:
    wfi
    j    asleep
adder:
    li   t0, ${ADDITIONS}
    li   t1, 1
adding:
    amoadd.d t2, t1, (s2)
    addi t0, t0, -1
    bnez t0, adding
    j    asleep
.align 12
${queueMemory('queue', [
  descriptor('header', 16, { next: 1 }),
  descriptor('buffer', 512, { next: 2, write: true }),
  descriptor('status', 1, { write: true }),
])}
header: .word 0, 0
  .dword 0
status: .byte 255
.align 6
buffer: .zero 512
.align 6
counter: .dword 0
.align 6
ready: .dword 0
.align 6
done: .dword 0
`;

function run(engine: EngineName, options: MachineOptions, slice: number): unknown[] {
  const image = new Uint8Array(512).fill(0x5a);
  const program = new Program(SOURCE, engine, { ...options, block: { image } });
  let state = program.machine.run(slice, 1_000_000);
  while (state.kind === 'running') state = program.machine.run(slice, 1_000_000);
  expect(state).toEqual({ kind: 'finisher', code: 0n });
  expect(program.word('done')).toBe(0x5an);
  const adders = BigInt(options.harts ?? 1) - 2n;
  expect(program.word('counter')).toBeGreaterThan(adders * BigInt(ADDITIONS));
  // The sleeper slept for the request's time, mcycle stood still meanwhile.
  expect(program.machine.slept(1)).toBeGreaterThan(3500);
  const harts = Array.from({ length: options.harts ?? 1 }, (_, hart) => [program.instret(hart), program.cycles(hart)]);
  return [program.hash(), program.word('counter'), harts];
}

describe.each<MachineOptions>([
  { harts: 2, quantum: 1000 },
  { harts: 3, quantum: 100, timing: 'rocket' },
  { harts: 4, quantum: 8000, timing: 'rocket' },
  { harts: 4, quantum: 7 },
])('%o', (options) => {
  it('comes to the same cycles and state on every engine, however the run is sliced', () => {
    const wanted = run('interpreter', options, 1_000_000);
    for (const engine of engineNames) expect([engine, run(engine, options, 1_000_000)]).toEqual([engine, wanted]);
    expect(run('interpreter', options, 13)).toEqual(wanted);
  });
});
