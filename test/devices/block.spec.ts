/** Programs that read and write the block device, on both engines. */
import { describe, expect, it } from 'vitest';
import { assemble } from '../../libs/riscv-core/src/decode/assembler.js';
import type { MachineOptions } from '../../libs/riscv-core/src/machine/config.js';
import { engineNames } from '../../libs/riscv-core/src/machine/engine.js';
import { PASS, Program } from '../isa/program.js';
import {
  awaitInterrupt,
  BLOCK,
  descriptor,
  driverOk,
  interruptsToMachineMode,
  queueMemory,
  startDevice,
  startQueue,
} from './io-program.js';

/** Reads sectors 2 and 3 into `buffer`, sleeping until they are there. */
const READ = `
    li   s0, ${BLOCK}
${interruptsToMachineMode}
${startDevice}
${startQueue(0, 'queue', 8)}
${driverOk}
    la   s1, queue_avail
    li   t0, 1
    sh   t0, 2(s1)
    sw   zero, 0x50(s0)
    rdcycle s2
${awaitInterrupt('read')}
    rdcycle s3
    la   t0, queue_used
    lw   s4, 0(t0)
    lw   s5, 8(t0)
    la   t0, buffer
    lbu  s6, 0(t0)
    lbu  s7, 1023(t0)
    la   t0, status
    lbu  s8, 0(t0)
${PASS}
.align 12
${queueMemory('queue', [
  descriptor('header', 16, { next: 1 }),
  descriptor('buffer', 1024, { next: 2, write: true }),
  descriptor('status', 1, { write: true }),
])}
header: .word 0, 0
  .dword 2
status: .byte 255
.align 6
buffer: .zero 1024
`;

/** Calls `function`, reads sector 0 over it, calls it again without any fence. */
const OVERWRITE = `
    li   s0, ${BLOCK}
${interruptsToMachineMode}
${startDevice}
${startQueue(0, 'queue', 8)}
${driverOk}
    li   s2, 3
warm:
    call function
    addi s2, s2, -1
    bnez s2, warm
    mv   s3, a0
    la   s1, queue_avail
    li   t0, 1
    sh   t0, 2(s1)
    sw   zero, 0x50(s0)
${awaitInterrupt('read')}
    call function
${PASS}
.align 12
function:
    li   a0, 1
    ret
.zero 512
.align 12
${queueMemory('queue', [
  descriptor('header', 16, { next: 1 }),
  descriptor('function', 512, { next: 2, write: true }),
  descriptor('status', 1, { write: true }),
])}
header: .word 0, 0
  .dword 0
status: .byte 255
`;

function disk(): Uint8Array {
  return Uint8Array.from({ length: 8 * 512 }, (_, i) => (i * 7 + (i >> 9)) & 0xff);
}

const timings: MachineOptions[] = [{}, { machine: 'firesim' }];

describe.each(timings)('block device of %o', (options) => {
  it('gives a sleeping program what the disk holds, with equal cycles and state on every engine', () => {
    const image = disk();
    const ends = engineNames.map((engine) => {
      const program = new Program(READ, engine, { ...options, block: { image: image.slice() } }).run();
      expect(program.x('s4')).toBe(1n << 16n);
      expect(program.x('s5')).toBe(1025n);
      expect([program.x('s6'), program.x('s7')]).toEqual([BigInt(image[1024]!), BigInt(image[2047]!)]);
      expect(program.x('s8')).toBe(0n);
      expect(program.machine.slept(0)).toBeGreaterThan(4000);
      return { hash: program.hash(), cycles: program.cycles() };
    });
    for (const end of ends) expect(end).toEqual(ends[0]);
  });

  it('may write over code that has been executed: the new code runs', () => {
    const image = new Uint8Array(512);
    image.set(assemble('li a0, 2\n ret').bytes);
    const ends = engineNames.map((engine) => {
      const program = new Program(OVERWRITE, engine, { ...options, block: { image: image.slice() } }).run();
      expect([program.x('s3'), program.x('a0')]).toEqual([1n, 2n]);
      return { hash: program.hash(), cycles: program.cycles() };
    });
    for (const end of ends) expect(end).toEqual(ends[0]);
  });
});
