import { describe, expect, it } from 'vitest';
import * as L from '../hart/layout.js';
import { buildMachine } from './builder.js';
import { resolveConfig, type MachineOptions } from './config.js';
import type { MachineHost } from './engine.js';
import { scriptedEngine } from './engine.testkit.js';
import { hartArea, LinearMemory } from './linear-memory.js';
import type { Machine } from './machine.js';

interface Turn {
  hart: number;
  from: number;
  until: number;
}

/** What a scripted hart does when it is run: returns a STOP_*. */
type Script = (hart: number, memory: LinearMemory, host: MachineHost) => number;

/** A machine whose engine is a script; `turns` are the runs it was given. */
function scripted(options: MachineOptions, script: Script): { machine: Machine; memory: LinearMemory; turns: Turn[] } {
  const turns: Turn[] = [];
  const image = { name: 'image', bytes: new Uint8Array(8), address: 0x8000_0000n };
  const { machine } = buildMachine(
    resolveConfig({ memoryBytes: 2 ** 20, ...options }),
    { raw: [image] },
    () => (memory, host) =>
      scriptedEngine({
        run: (hart) => {
          const linear = new LinearMemory(memory);
          turns.push({
            hart,
            from: linear.count(hartArea(hart) + L.CYCLE),
            until: linear.count(hartArea(hart) + L.TURN_END),
          });
          return script(hart, linear, host);
        },
      }),
    { write: () => undefined },
  );
  return { machine, memory: machine.memory, turns };
}

/** Executes one instruction per cycle to the end of the turn, or to the limit. */
const spin: Script = (hart, memory) => {
  const area = hartArea(hart);
  const limit = memory.u64(area + L.INSTRET_LIMIT);
  while (memory.count(area + L.CYCLE) < memory.count(area + L.TURN_END)) {
    if (memory.u64(area + L.INSTRET) >= limit) return L.STOP_LIMIT;
    memory.setCount(area + L.CYCLE, memory.count(area + L.CYCLE) + 1);
    memory.setCount(area + L.INSTRET, memory.count(area + L.INSTRET) + 1);
  }
  return L.STOP_TURN;
};

const sleep: Script = (hart, memory) => {
  memory.setU32(hartArea(hart) + L.WFI, 1);
  return L.STOP_WFI;
};

describe('run loop', () => {
  it('gives the turn to the hart with the least clock, the lowest number among equals', () => {
    const { machine, turns } = scripted({ harts: 2, quantum: 10 }, spin);
    machine.run(60, undefined);
    expect(turns.slice(0, 4)).toEqual([
      { hart: 0, from: 0, until: 10 },
      { hart: 1, from: 0, until: 10 },
      { hart: 0, from: 10, until: 20 },
      { hart: 1, from: 10, until: 20 },
    ]);
  });

  it('stops at the instruction limit, counted over all harts', () => {
    const { machine } = scripted({ harts: 2, quantum: 10 }, spin);
    expect(machine.run(1_000_000, 25)).toEqual({ kind: 'limit', code: null });
    expect(machine.totalInstret()).toBe(25);
  });

  it('comes back after its budget and goes on where it was', () => {
    const { machine } = scripted({}, spin);
    expect(machine.run(10, 5_000_000)).toEqual({ kind: 'running' });
    expect(machine.run(1e9, 5_000_000)).toEqual({ kind: 'limit', code: null });
    expect(machine.totalInstret()).toBe(5_000_000);
  });

  it('ends by the finisher with its code, and by reset', () => {
    for (const [value, expected] of [
      [(7n << 16n) | 0x3333n, { kind: 'finisher', code: 7n }],
      [0x7777n, { kind: 'reset', code: null }],
    ] as const) {
      const { machine, memory } = scripted({}, (_hart, _memory, host) => {
        host.store(0x10_0000, 4, value);
        return L.STOP_EXIT;
      });
      expect(machine.run(10, undefined)).toEqual(expected);
      expect(memory.u32(L.M_EXIT_REQUEST)).toBe(1);
    }
  });

  it('is dead when every hart sleeps and no timer is set', () => {
    const { machine } = scripted({ harts: 2 }, sleep);
    expect(machine.run(10, undefined)).toEqual({ kind: 'deadlock', code: null });
  });

  it('jumps to the next timer event when every hart sleeps, and counts the time as slept', () => {
    let wakeups = 0;
    const { machine, memory } = scripted({}, (hart, linear, host) => {
      const area = hartArea(hart);
      if (linear.count(area + L.CYCLE) >= 500) {
        wakeups += 1;
        linear.setU32(area + L.WFI, 0);
        host.store(0x10_0000, 4, 0x5555n);
        return L.STOP_EXIT;
      }
      linear.setU64(L.M_MTIMECMP, 5n);
      return sleep(hart, linear, host);
    });
    expect(machine.run(10, undefined)).toEqual({ kind: 'finisher', code: 0n });
    expect(wakeups).toBe(1);
    expect(memory.count(hartArea(0) + L.CYCLE)).toBe(500);
    expect(memory.count(hartArea(0) + L.SLEPT)).toBe(500);
  });

  it('wakes a sleeper that another hart interrupts, not before the sender sent', () => {
    const { machine, memory } = scripted({ harts: 2, quantum: 100 }, (hart, linear, host) => {
      const area = hartArea(hart);
      if (hart === 1) {
        if (linear.u32(L.M_MSIP + 4) === 0) return sleep(hart, linear, host);
        linear.setU32(area + L.WFI, 0);
        if (linear.count(area + L.CYCLE) >= linear.count(area + L.TURN_END)) return L.STOP_TURN;
        host.store(0x10_0000, 4, 0x5555n);
        return L.STOP_EXIT;
      }
      if (linear.count(area + L.CYCLE) >= 300) linear.setU32(L.M_MSIP + 4, 1);
      return spin(hart, linear, host);
    });
    expect(machine.run(1e6, undefined)).toEqual({ kind: 'finisher', code: 0n });
    expect(memory.count(hartArea(1) + L.CYCLE)).toBe(400);
  });

  it('waits for console input only when software wants it by interrupt and it may still come', () => {
    const { machine } = scripted({}, (hart, linear, host) => {
      host.store(0x1000_0001, 1, 1n);
      return sleep(hart, linear, host);
    });
    expect(machine.run(10, undefined, true)).toEqual({ kind: 'needs-input' });
    expect(machine.run(10, undefined, false)).toEqual({ kind: 'deadlock', code: null });
  });
});

describe('built machine', () => {
  it('starts at the entry in M-mode with hart id and device tree in a0 and a1', () => {
    const { memory } = scripted({ harts: 2 }, spin);
    const area = hartArea(1);
    expect(memory.u64(area + L.PC)).toBe(0x8000_0000n);
    expect(memory.u32(area + L.PRV)).toBe(L.PRV_M);
    expect(memory.u64(area + L.X + 80)).toBe(1n);
    const tree = memory.u64(area + L.X + 88);
    const linear = L.RAM_LINEAR + Number(tree - 0x8000_0000n);
    expect(memory.u32(linear)).toBe(0xedfe0dd0);
  });

  it('refuses an entry outside RAM', () => {
    const image = { name: 'image', bytes: new Uint8Array(8), address: 0x8000_0000n };
    const none = (): never => {
      throw new Error('not reached');
    };
    const build = (entry: bigint) => buildMachine(resolveConfig({}), { raw: [image], entry }, none, { write: none });
    expect(() => build(0x1000n)).toThrow(/^entry: found 0x1000, expected an even address inside RAM/);
    expect(() => build(0x8000_0001n)).toThrow(/^entry/);
  });
});
