import { describe, expect, it } from 'vitest';
import type { Metric } from '#libs/contracts';
import type { ModeInterval } from '#libs/riscv-core';
import type { LoadResult } from './loadgen/load-spec.js';
import { serviceMetrics } from './service-metrics.js';

const load: LoadResult = {
  requests: 10,
  verified: 10,
  failed: 0,
  errors: [],
  beginCycle: 1000,
  endCycle: 33_000,
  latencies: { p50: 3200, p95: 6400, p99: 9600, mean: 4000, max: 12_800 },
  bytesIn: 500,
  bytesOut: 200,
};
const HU = 0;
const HS = 1;
const VS = 2;
const M = 3;
const INTERRUPT = 64;

/** Traps given as [from V=1, to mode, cause, how often]. */
function interval(traps: readonly (readonly [boolean, number, number, number])[]): ModeInterval {
  const counts = Array.from({ length: 2 * 4 * 128 }, () => 0);
  for (const [fromGuest, mode, cause, often] of traps) counts[((fromGuest ? 4 : 0) + mode) * 128 + cause] = often;
  return {
    cycles: 32_000,
    instructions: 20_000,
    byMode: { VU: 9000, VS: 8000, U: 5000, S: 4000, M: 1000 },
    asleep: 5000,
    traps: counts,
  };
}

const GHz = 3_200_000_000;

function values(metrics: readonly Metric[]): Record<string, number> {
  return Object.fromEntries(
    metrics.map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(' '), value]),
  );
}

describe('metrics of a service run', () => {
  it('are in target time and per verified request', () => {
    expect(values(serviceMetrics(load, interval([]), 'kvm', GHz))).toMatchObject({
      requests: 10,
      'replies.verified': 10,
      errors: 0,
      'requests.per-second': 1_000_000,
      'latency.us 50': 1,
      'latency.us 99': 3,
      'latency.us max': 4,
      'latency.cycles mean': 4000,
      'cycles.total': 3200,
      'bytes.replies': 50,
    });
  });

  it('give each mode of a virtual machine its owner, and sum to the total', () => {
    const all = values(serviceMetrics(load, interval([]), 'duvisor', GHz));
    const modes = Object.entries(all).filter(([name]) => name.startsWith('cycles.mode '));
    expect(Object.fromEntries(modes)).toEqual({
      'cycles.mode guest-user': 900,
      'cycles.mode guest-kernel': 800,
      'cycles.mode vmm': 500,
      'cycles.mode host-kernel': 400,
      'cycles.mode firmware': 100,
      'cycles.mode idle': 500,
    });
    expect(modes.reduce((sum, [, value]) => sum + value, 0)).toBe(all['cycles.total']);
  });

  it('call U and S the guest when nothing is virtual', () => {
    expect(values(serviceMetrics(load, interval([]), 'native', GHz))).toMatchObject({
      'cycles.mode guest-user': 1400,
      'cycles.mode guest-kernel': 1200,
      'cycles.mode vmm': 0,
      'cycles.mode host-kernel': 0,
    });
  });

  it('tell exits by reason, those into the kernel, and host interrupts apart', () => {
    const traps = interval([
      [true, HU, 23, 20],
      [true, HS, 10, 5],
      [true, HS, INTERRUPT + 9, 3],
      [true, VS, 8, 100],
      [false, HS, 8, 40],
      [false, M, 9, 2],
    ]);
    expect(values(serviceMetrics(load, traps, 'kvm', GHz))).toMatchObject({
      'exits.total.per-request': 2.5,
      'exits.kernel.per-request': 0.5,
      'exits.host-interrupt.per-request': 0.3,
      'traps.kernel.per-request': 5,
      'exits.per-request store-guest-page-fault': 2,
      'exits.per-request ecall-vs': 0.5,
      'exits.per-request interrupt-supervisor-external': 0.3,
    });
  });

  it('name each figure once', () => {
    const names = serviceMetrics(load, interval([[true, HU, 23, 1]]), 'duvisor', GHz).map(({ name, labels }) =>
      JSON.stringify([name, labels]),
    );
    expect(new Set(names).size).toBe(names.length);
  });
});
