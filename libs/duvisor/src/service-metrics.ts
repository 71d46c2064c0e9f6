/** From what the load generator and the mode clock saw between the marks to the metrics of a service run. */
import type { Hypervisor, Metric } from '#libs/contracts';
import type { ModeInterval } from '#libs/riscv-core';
import type { LoadResult } from './loadgen/load-spec.js';
import { trapSums } from './trap-counts.js';

/** Who a mode's cycles belong to. `idle`: the hart waits for an interrupt, whoever put it to sleep. */
export const cycleModes = ['guest-user', 'guest-kernel', 'vmm', 'host-kernel', 'firmware', 'idle'] as const;
export type CycleMode = (typeof cycleModes)[number];

/** Per request means per measured request that was answered. Figures in us are of target time. */
export function serviceMetrics(
  load: LoadResult,
  interval: ModeInterval,
  hypervisor: Hypervisor,
  cyclesPerSecond: number,
): Metric[] {
  const { verified } = load;
  const perRequest = (value: number): number => value / verified;
  const perSecond = (verified * cyclesPerSecond) / (load.endCycle - load.beginCycle);
  const metrics: Metric[] = [
    { name: 'requests', labels: {}, value: load.requests, unit: 'requests' },
    { name: 'replies.verified', labels: {}, value: verified, unit: 'requests' },
    { name: 'errors', labels: {}, value: load.failed, unit: 'errors' },
    { name: 'requests.per-second', labels: {}, value: perSecond, unit: 'requests/s' },
    { name: 'cycles.total', labels: {}, value: perRequest(interval.cycles), unit: 'cycles/request' },
    { name: 'instructions.total', labels: {}, value: perRequest(interval.instructions), unit: 'insns/request' },
    { name: 'bytes.requests', labels: {}, value: perRequest(load.bytesOut), unit: 'bytes/request' },
    { name: 'bytes.replies', labels: {}, value: perRequest(load.bytesIn), unit: 'bytes/request' },
  ];
  for (const [p, cycles] of latencies(load)) {
    metrics.push({ name: 'latency.cycles', labels: { p }, value: cycles, unit: 'cycles' });
    metrics.push({ name: 'latency.us', labels: { p }, value: (cycles / cyclesPerSecond) * 1e6, unit: 'us' });
  }
  for (const [mode, cycles] of cyclesByMode(interval, hypervisor))
    metrics.push({ name: 'cycles.mode', labels: { mode }, value: perRequest(cycles), unit: 'cycles/request' });

  const sums = trapSums(interval.traps);
  const exits = (name: string, value: number, labels: Record<string, string> = {}): Metric => ({
    name,
    labels,
    value: perRequest(value),
    unit: 'exits/request',
  });
  metrics.push(
    exits('exits.total.per-request', sums.exits),
    exits('exits.kernel.per-request', sums.kernelExits),
    exits('exits.host-interrupt.per-request', sums.hostInterrupts),
    { ...exits('traps.kernel.per-request', sums.trapsToKernel), unit: 'traps/request' },
  );
  for (const { cause, count } of sums.byCause) metrics.push(exits('exits.per-request', count, { cause }));
  return metrics;
}

function latencies({ latencies: { p50, p95, p99, mean, max } }: LoadResult): [string, number][] {
  return [
    ['50', p50],
    ['95', p95],
    ['99', p99],
    ['mean', mean],
    ['max', max],
  ];
}

/** Natively the guest kernel is the hart's supervisor and its processes run in U-mode; there is nothing between. */
function cyclesByMode({ byMode, asleep }: ModeInterval, hypervisor: Hypervisor): [CycleMode, number][] {
  const native = hypervisor === 'native';
  const of: Record<CycleMode, number> = {
    'guest-user': byMode.VU + (native ? byMode.U : 0),
    'guest-kernel': byMode.VS + (native ? byMode.S : 0),
    vmm: native ? 0 : byMode.U,
    'host-kernel': native ? 0 : byMode.S,
    firmware: byMode.M,
    idle: asleep,
  };
  return cycleModes.map((mode) => [mode, of[mode]]);
}
