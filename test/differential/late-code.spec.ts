/** Compiled code that comes late: the program must not notice, whatever has become of its code meanwhile. */
import { describe, expect, test } from 'vitest';
import { assemble } from '../../libs/riscv-core/src/decode/assembler.js';
import * as L from '../../libs/riscv-core/src/hart/layout.js';
import { buildMachine } from '../../libs/riscv-core/src/machine/builder.js';
import { resolveConfig, type MachineOptions } from '../../libs/riscv-core/src/machine/config.js';
import type { JitPolicy } from '../../libs/riscv-core/src/jit/jit.js';
import { engineFactory } from '../../libs/riscv-core/src/machine/engines.js';
import type { EngineName } from '../../libs/riscv-core/src/machine/engine.js';
import { PASS } from '../isa/program.js';
import { lateBuilder, type Deliveries } from './late-builder.js';

const BASE = 0x8000_0000n;
const SLICE = 1500;

interface Ended extends Deliveries {
  readonly seen: { readonly end: unknown; readonly cycles: number; readonly instret: number; readonly state: string };
  /** Slots of records that no page has, and that are not empty all the same. */
  readonly dirty: number;
}

function run(
  source: string,
  options: MachineOptions,
  engine: EngineName,
  delay: number,
  more: Partial<JitPolicy> = {},
): Ended {
  const raw = [{ name: 'program', bytes: assemble(source + PASS, BASE).bytes, address: BASE }];
  const deliveries = { submitted: 0, collected: 0 };
  const choose = engineFactory(engine, {
    builder: lateBuilder(() => delay, deliveries),
    policy: { warm: 16, hot: 64, batch: 4, ...more },
  });
  const config = resolveConfig({ memoryBytes: 1 << 20, ...options });
  const { machine } = buildMachine(config, { raw, entry: BASE }, choose, { write: () => undefined });
  let end;
  do end = machine.run(SLICE, 2_000_000);
  while (end.kind === 'running');
  const seen = { end, cycles: machine.totalCycles(), instret: machine.totalInstret(), state: machine.stateHash() };
  return { seen, ...deliveries, dirty: dirtySlots(machine.memory.memory) };
}

function dirtySlots(memory: WebAssembly.Memory): number {
  const view = new DataView(memory.buffer);
  let dirty = 0;
  for (let slot = L.CODE_SLOTS; slot < L.CODE_SLOTS_END; slot += L.CODE_SLOT_STRIDE) {
    if (view.getBigUint64(slot + L.CODE_SLOT_PAGE, true) !== 0n) continue;
    const records = new Int32Array(memory.buffer, slot, (L.CODE_SLOT_RECORDS * L.CODE_RECORD_SIZE) / 4);
    if (records.some((word) => word !== 0)) dirty++;
  }
  return dirty;
}

/** Each round adds 1 to the immediate of an instruction of the loop that then runs `turns` times. */
const rewritten = (rounds: number, turns: number): string => `
    csrr s5, mhartid
    beqz s5, first
    j    other
first: la s1, patched
    li   s3, 0x100000
    li   s4, ${rounds}
round: lw s2, 0(s1)
    add  s2, s2, s3
    sw   s2, 0(s1)
    fence.i
    li   s0, ${turns}
    j    loop
.align 12
loop: addi a1, a1, 3
patched: addi a0, a0, 1
    xor  a2, a2, a0
    j    step
step: addi s0, s0, -1
    bnez s0, loop
    addi s4, s4, -1
    beqz s4, last
    j    round
last: j end
other: addi a0, a0, 5
    mul  a1, a0, a0
    j    other
end:
`;

describe.each(['none', 'rocket'] as const)('timing %s', (timing) => {
  describe.each([1, 2])('%i harts', (harts) => {
    const options = { timing, harts };
    const program = rewritten(40, 900);
    const expected = run(program, options, 'interpreter', 0).seen;

    test.each([0, 1, 2, 7, 60])('modules that come after %i questions change nothing', (delay) => {
      const { seen, submitted, collected, dirty } = run(program, options, 'jit', delay);
      expect(seen).toEqual(expected);
      expect(expected.end).toEqual({ kind: 'finisher', code: 0n });
      expect(collected).toBeGreaterThan(0);
      expect(dirty).toBe(0);
      expect(submitted - collected).toBeLessThanOrEqual(1);
    });

    test('nor do modules that never come', () => {
      const { seen, submitted, collected } = run(program, options, 'jit', Infinity);
      expect(seen).toEqual(expected);
      expect({ submitted, collected }).toEqual({ submitted: 1, collected: 0 });
    });
  });
});

describe('code that is rewritten again and again', () => {
  const options = { timing: 'none' } as const;

  test('must become twice as hot each time', () => {
    // 400 times through the loop are enough for the first few of 100 rounds only: 16, 32, 64, ...
    const { submitted } = run(rewritten(100, 400), options, 'jit', 0);
    expect(submitted).toBeGreaterThan(3);
    expect(submitted).toBeLessThan(20);
  });
});
