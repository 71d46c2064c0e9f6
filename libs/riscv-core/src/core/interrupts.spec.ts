import { describe, expect, it } from 'vitest';
import * as L from '../hart/layout.js';
import { SYS_CSRRS, SYS_CSRRW, SYS_WFI } from '../isa/sysops.js';
import { CoreKit, numberOf, type Mode } from './core.testkit.js';

const CLINT = 0x0200_0000n;

const DESTINATIONS = ['HU', 'HS', 'VS', 'M'] as const;
const CAUSES = { HU: 'ucause', HS: 'scause', VS: 'vscause', M: 'mcause' } as const;

/** Which interrupts are taken by one poll, with everything pending that `bits` says, all enabled in mie. */
function sequence(kit: CoreKit, mode: Mode, bits: bigint): string[] {
  kit.setSoftwarePending(bits & 0x777n);
  kit.setLines(bits & 0x888n);
  kit.setCsr('mie', 0xfffn);
  kit.enter(mode);
  kit.pc = 0x100n;
  kit.linear.setU32(L.M_EVENTS, 1);
  kit.events.length = 0;
  kit.core.poll(kit.h);
  kit.linear.setU32(L.M_EVENTS, 0);
  return kit.events.map(({ a }) => {
    const to = DESTINATIONS[a >> 20]!;
    return `${to} ${kit.csr(CAUSES[to]) & 0xffn}`;
  });
}

/** The one that is taken first; undefined = none. */
function taken(kit: CoreKit, mode: Mode, bits: bigint): string | undefined {
  return sequence(kit, mode, bits)[0];
}

describe('choice of the interrupt (Privileged ISA 3.1.9, 8.2.4; dv-ext.md 3.2)', () => {
  function delegating(): CoreKit {
    const kit = new CoreKit({ dvext: 'rocket' });
    kit.setCsr('mideleg', 0x333n);
    kit.setCsr('hideleg', 0x444n);
    kit.setCsr('sideleg', 0x111n);
    return kit;
  }

  it('reads back mideleg = 0x677 for the 0x233 of the firmware', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    kit.setCsr('mideleg', 0x233n);
    expect(kit.csr('mideleg')).toBe(0x677n);
    expect(new CoreKit({ isa: 'rv64gc' }).csr('mideleg')).toBe(0n);
  });

  it('inside one destination: external, software, timer', () => {
    const kit = delegating();
    const order = (mode: Mode, bits: readonly number[]): (string | undefined)[] =>
      bits.map((_, i) =>
        taken(
          kit,
          mode,
          bits.slice(i).reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n),
        ),
      );
    expect(order('U', [11, 3, 7])).toEqual(['M 11', 'M 3', 'M 7']);
    expect(order('U', [9, 1, 5])).toEqual(['HS 9', 'HS 1', 'HS 5']);
    kit.setBits('vsstatus', 2n);
    expect(order('VU', [10, 2, 6])).toEqual(['VS 9', 'VS 1', 'VS 5']);
    kit.setCsr('mideleg', 0x333n | 0x100n);
    expect(order('VU', [0, 4])).toEqual(['HU 0', 'HU 4']);
  });

  it('between destinations: M, HS, VS, HU', () => {
    const kit = delegating();
    expect(taken(kit, 'VU', 0xfffn)).toBe('M 11');
    expect(taken(kit, 'VU', 0x777n)).toBe('HS 9');
    expect(taken(kit, 'VU', 0x555n)).toBe('VS 9');
    expect(taken(kit, 'VU', 0x011n)).toBe('HU 0');
  });

  it('then those that the handler just entered does not hold off, before it executes anything', () => {
    const kit = delegating();
    expect(sequence(kit, 'VU', 0x555n)).toEqual(['VS 9', 'HU 8']);
    expect(sequence(kit, 'VU', 0x777n)).toEqual(['HS 9']);
    expect(sequence(kit, 'U', 0x888n)).toEqual(['M 11']);
  });

  it('hideleg has priority over sideleg; undelegated VS interrupts go to HS (16.5)', () => {
    const kit = delegating();
    kit.setCsr('hideleg', 0n);
    expect(taken(kit, 'VS', 0x4n)).toBe('HS 2');
    kit.setCsr('hideleg', 0x444n);
    expect(taken(kit, 'VU', 0x4n)).toBe('VS 1');
    // Not in HS, whose sie does not contain it.
    expect(taken(kit, 'HS', 0x4n)).toBeUndefined();
  });

  it('a sideleg interrupt: held in HU until UIE, taken in VS whatever vsstatus.SIE says, never in HS', () => {
    const kit = delegating();
    expect(taken(kit, 'HU', 0x10n)).toBeUndefined();
    expect(taken(kit, 'HS', 0x10n)).toBeUndefined();
    expect(taken(kit, 'VS', 0x10n)).toBe('HU 4');
    kit.setBits('hustatus', 1n);
    expect(taken(kit, 'HU', 0x10n)).toBe('HU 4');
    expect(kit.csr('hustatus') & 0x11n).toBe(0x10n);
  });

  it('MIE, SIE and vsstatus.SIE mask at their own level only', () => {
    const kit = delegating();
    expect(taken(kit, 'M', 0x800n)).toBeUndefined();
    expect(taken(kit, 'HS', 0x800n)).toBe('M 11');
    expect(taken(kit, 'HS', 0x200n)).toBeUndefined();
    expect(taken(kit, 'VS', 0x200n)).toBe('HS 9');
    expect(taken(kit, 'VS', 0x400n)).toBeUndefined();
    kit.setBits('mstatus', 0xan);
    expect(taken(kit, 'M', 0x800n)).toBe('M 11');
    kit.setBits('mstatus', 0xan);
    expect(taken(kit, 'HS', 0x200n)).toBe('HS 9');
    kit.setBits('vsstatus', 2n);
    expect(taken(kit, 'VS', 0x400n)).toBe('VS 9');
  });

  it('vectored handlers: base + 4 x cause, for VS with the number VS sees', () => {
    const kit = delegating();
    kit.setCsr('utvec', 0x8000_4001n);
    kit.setCsr('vstvec', 0x8000_3001n);
    taken(kit, 'VS', 0x10n);
    expect(kit.pc).toBe(0x8000_4010n);
    taken(kit, 'VU', 0x40n);
    expect(kit.pc).toBe(0x8000_3014n);
  });
});

describe('views of mip and mie', () => {
  it('vsie and vsip show bits 2, 6, 10 at 1, 5, 9 through hideleg (16.2)', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    kit.setCsr('hideleg', 0x404n);
    kit.setCsr('vsie', 0xfffn);
    expect(kit.csr('mie')).toBe(0x404n);
    expect(kit.csr('huvsie')).toBe(0x202n);
    kit.setSoftwarePending(0x444n);
    expect(kit.csr('vsip')).toBe(0x202n);
    kit.setCsr('vsip', 0n);
    expect(kit.csr('hvip')).toBe(0x440n);
  });

  it('sip and sie show what mideleg delegates; only SSIP is writable', () => {
    const kit = new CoreKit();
    kit.setCsr('mideleg', 0x22n);
    kit.setCsr('sie', 0xfffn);
    expect(kit.csr('mie')).toBe(0x22n);
    kit.setCsr('mip', 0xfffn);
    expect(kit.csr('sip')).toBe(0x22n);
    kit.setCsr('sip', 0n);
    expect(kit.csr('mip')).toBe(0x224n);
  });

  it('hvip injects, hip shows, and only VSSIP is writable in hip', () => {
    const kit = new CoreKit();
    kit.setCsr('hvip', 0xfffn);
    expect(kit.csr('hvip')).toBe(0x444n);
    kit.setCsr('hip', 0n);
    expect(kit.csr('hip')).toBe(0x440n);
    kit.setCsr('hie', 0xfffn);
    expect(kit.csr('mie')).toBe(0x444n);
  });

  it('rocket: VSEIP comes from the PLIC alone', () => {
    const kit = new CoreKit({ dvext: 'rocket' });
    kit.setCsr('hvip', 0x444n);
    expect(kit.csr('hvip')).toBe(0x44n);
    kit.setLines(0x400n);
    expect(kit.csr('hip')).toBe(0x444n);
    expect(kit.csr('hvip')).toBe(0x44n);
  });

  it('setting a bit of mip does not latch a line', () => {
    const kit = new CoreKit();
    kit.setLines(0x200n);
    expect(kit.csrInstruction(SYS_CSRRS, numberOf('mip'), 2n)).toBe(0x200n);
    kit.setLines(0n);
    expect(kit.csr('mip')).toBe(2n);
  });

  it('huip: rocket latches lines that are high during a change of another bit, strict does not (2.1)', () => {
    for (const [dvext, after] of [
      ['rocket', 0x14n],
      ['strict', 0x10n],
    ] as const) {
      const kit = new CoreKit({ dvext });
      // A vIPI for identity 5 holds VSSIP up.
      kit.setCsr('vcpuid', 5n);
      kit.setCsr('vipi0', 1n << 5n);
      expect(kit.csr('huip')).toBe(4n);
      kit.csrInstruction(SYS_CSRRS, numberOf('huip'), 0x10n);
      kit.setCsr('vipi0', 0n);
      expect(kit.csr('huip'), dvext).toBe(after);
    }
  });
});

describe('timers, WFI and the reasons to stop', () => {
  it('mtime follows the cycle count; MTIP is a level', () => {
    const kit = new CoreKit();
    kit.cycle = 12_345n;
    expect(kit.core.mtime(kit.h)).toBe(123n);
    kit.store(CLINT + 0x4000n, 124n, 3);
    expect(kit.event).toBe(L.EVENT_DONE);
    expect(kit.csr('mip')).toBe(0n);
    kit.cycle = 12_400n;
    expect(kit.csr('mip')).toBe(0x80n);
    kit.store(CLINT + 0x4000n, 200n, 3);
    expect(kit.csr('mip')).toBe(0n);
  });

  it('poll sets STOPAT to the timer, the end of the turn or the instruction limit, whichever is first', () => {
    const kit = new CoreKit();
    const stopAt = (): bigint => kit.linear.u64(kit.h + L.STOPAT);
    kit.store(CLINT + 0x4000n, 50n, 3);
    kit.linear.setU64(kit.h + L.TURN_END, 7000n);
    kit.linear.setU64(kit.h + L.INSTRET_LIMIT, (1n << 64n) - 1n);
    expect(kit.core.poll(kit.h)).toBe(L.STOP_NONE);
    // The timer's interrupt is not enabled.
    expect(stopAt()).toBe(7000n);
    kit.setCsr('mie', 0x80n);
    kit.core.poll(kit.h);
    expect(stopAt()).toBe(5000n);
    kit.linear.setU64(kit.h + L.INSTRET_LIMIT, kit.instret + 100n);
    kit.core.poll(kit.h);
    expect(stopAt()).toBe(kit.cycle + 100n);
    kit.linear.setU64(kit.h + L.INSTRET_LIMIT, kit.instret);
    expect(kit.core.poll(kit.h)).toBe(L.STOP_LIMIT);
    kit.linear.setU64(kit.h + L.INSTRET_LIMIT, (1n << 64n) - 1n);
    kit.cycle = 7000n;
    kit.setCsr('mie', 0n);
    expect(kit.core.poll(kit.h)).toBe(L.STOP_TURN);
    kit.linear.setU32(L.M_EXIT_REQUEST, 1);
    expect(kit.core.poll(kit.h)).toBe(L.STOP_EXIT);
  });

  it('sleeps in WFI until an enabled interrupt is pending; the time slept is no mcycle', () => {
    const kit = new CoreKit();
    kit.store(CLINT + 0x4000n, 50n, 3);
    kit.setCsr('mie', 0x80n);
    kit.enter('HS');
    kit.setCsr('mideleg', 0n);
    kit.pc = 0x8000_0100n;
    const before = kit.csr('mcycle');
    kit.system(SYS_WFI);
    expect(kit.core.poll(kit.h)).toBe(L.STOP_WFI);
    expect(kit.pc).toBe(0x8000_0104n);
    expect(kit.core.next_timer(kit.h, -1n)).toBe(5000n);
    kit.linear.setU64(kit.h + L.SLEPT, 5000n - kit.cycle);
    kit.cycle = 5000n;
    expect(kit.core.poll(kit.h)).toBe(L.STOP_NONE);
    expect(kit.csr('mcause')).toBe((1n << 63n) | 7n);
    expect(kit.csr('mepc')).toBe(0x8000_0104n);
    // WFI and the trap; the sleep itself does not count.
    expect(kit.csr('mcycle')).toBe(before + 2n);
    expect(kit.cycle).toBe(5001n);
  });

  it('a pending interrupt ends WFI even when it cannot be taken', () => {
    const kit = new CoreKit();
    kit.setCsr('mie', 2n);
    kit.setSoftwarePending(2n);
    kit.pc = 0x8000_0100n;
    kit.system(SYS_WFI);
    expect(kit.core.poll(kit.h)).toBe(L.STOP_NONE);
    expect(kit.pc).toBe(0x8000_0104n);
  });

  it('WFI is refused as TW, VTW and the mode say', () => {
    const kit = new CoreKit();
    const causes = (): (bigint | undefined)[] =>
      (['U', 'VU', 'VS', 'HS'] as const).map((mode) => {
        kit.enter(mode);
        kit.system(SYS_WFI);
        const cause = kit.trap?.cause;
        kit.linear.setU32(kit.h + L.WFI, 0);
        return cause;
      });
    expect(causes()).toEqual([2n, 22n, undefined, undefined]);
    kit.setBits('hstatus', 1n << 21n);
    expect(causes()).toEqual([2n, 22n, 22n, undefined]);
    kit.setBits('mstatus', 1n << 21n);
    expect(causes()).toEqual([2n, 2n, 2n, 2n]);
  });

  it('msip of another hart is its MSIP', () => {
    const kit = new CoreKit({ harts: 2 });
    kit.store(CLINT + 4n, 1n, 2);
    expect(kit.csr('mip')).toBe(0n);
    expect(kit.core.pending(kit.h + L.HART_STRIDE)).toBe(8n);
    expect(kit.load(CLINT + 4n, 2)).toBe(1n);
    expect(kit.load(CLINT, 3)).toBe(1n << 32n);
  });

  it('mtime can be written, and mcycle and minstret by software', () => {
    const kit = new CoreKit();
    kit.cycle = 1000n;
    kit.store(CLINT + 0xbff8n, 77n, 3);
    expect(kit.load(CLINT + 0xbff8n, 3)).toBe(77n);
    kit.csrInstruction(SYS_CSRRW, numberOf('minstret'), 500n);
    expect(kit.csr('minstret')).toBe(500n);
    kit.setCsr('mcycle', 9n);
    expect(kit.csr('mcycle')).toBe(9n);
  });
});
