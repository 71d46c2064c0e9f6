import { describe, expect, it } from 'vitest';
import * as L from '../hart/layout.js';
import { CSR_HUTIMEDELTA } from '../hart/csr-slots.js';
import { hartArea, LinearMemory } from './linear-memory.js';
import { nextTimerCycle } from './timers.js';

const NEVER = (1n << 64n) - 1n;

function memory(profile: number): LinearMemory {
  const pages = L.RAM_LINEAR / 0x1_0000;
  const linear = new LinearMemory(new WebAssembly.Memory({ initial: pages, maximum: pages }));
  linear.setU64(L.M_CYCLES_PER_TICK, 100n);
  linear.setU32(L.M_DVEXT, profile);
  linear.setU64(L.M_MTIMECMP, NEVER);
  linear.setU64(L.M_VTIMECMP, NEVER);
  linear.setCount(hartArea(0) + L.CYCLE, 1050);
  return linear;
}

describe('next timer event', () => {
  it('is the cycle at which mtime reaches mtimecmp', () => {
    const linear = memory(L.DVEXT_NONE);
    expect(nextTimerCycle(linear, 0)).toBeUndefined();
    linear.setU64(L.M_MTIMECMP, 13n);
    expect(nextTimerCycle(linear, 0)).toBe(1300);
    linear.setU64(L.M_MTIME_OFFSET, 2n);
    expect(nextTimerCycle(linear, 0)).toBe(1100);
  });

  it('is none once the comparison holds', () => {
    const linear = memory(L.DVEXT_NONE);
    linear.setU64(L.M_MTIMECMP, 10n);
    expect(nextTimerCycle(linear, 0)).toBeUndefined();
  });

  it('takes the virtual timer when it is enabled, with hutimedelta except in profile rocket', () => {
    const linear = memory(L.DVEXT_ROCKET);
    linear.setU64(L.M_VTIMECMP, 20n);
    expect(nextTimerCycle(linear, 0)).toBeUndefined();
    linear.setU64(L.M_VTIMECTL, 1n);
    linear.setU64(hartArea(0) + CSR_HUTIMEDELTA, 5n);
    expect(nextTimerCycle(linear, 0)).toBe(2000);
    linear.setU32(L.M_DVEXT, L.DVEXT_STRICT);
    expect(nextTimerCycle(linear, 0)).toBe(1500);
    linear.setU64(L.M_MTIMECMP, 12n);
    expect(nextTimerCycle(linear, 0)).toBe(1200);
  });
});
