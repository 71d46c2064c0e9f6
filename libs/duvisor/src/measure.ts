/** What is observed of a running machine, and what it came to. Both ways cost no target cycle. */
import type { Metric, RunSpec } from '#libs/contracts';
import type { Machine } from '#libs/riscv-core';
import type { BootPlan } from './boot-plan.js';
import { columnOf } from './kvm-steps.js';
import { metricsOf } from './metrics.js';
import type { ServiceLoad } from './service-boot.js';
import { serviceMetrics } from './service-metrics.js';

export interface Measure {
  /** Empty when the measured section was not completed. */
  metrics(): Metric[];
  /** What is wrong with the measurement of a target that ended well, in one line; empty for nothing. */
  fault(): string;
  /** Where a target hung that ran into a limit of target time; undefined when it ran into none. */
  hung(): string | undefined;
}

/** A micro-benchmark: its guest's labels begin and end the section and count the operations. */
export function measureLabels(machine: Machine, plan: BootPlan, { workload }: RunSpec): Measure {
  machine.observe(plan.labels);
  const expected = 'iterations' in workload.params ? workload.params.iterations : 0;
  return {
    metrics: () => {
      const measured = machine.measurement();
      return measured === undefined || measured.operations === 0 ? [] : metricsOf(measured, columnOf);
    },
    fault: () => {
      const measured = machine.measurement();
      if (measured === undefined) return 'the guest passed no measured section';
      if (measured.operations === expected) return '';
      return `the probes counted ${measured.operations} operations, expected ${expected}`;
    },
    hung: () => undefined,
  };
}

/** A service: the load generator's first measured request and its last reply begin and end the section. */
export function measureLoad(machine: Machine, load: ServiceLoad, { hypervisor }: RunSpec): Measure {
  const { generator, spec, cyclesPerSecond, cycleLimit } = load;
  let ranOut = false;
  load.onMark = (mark, cycle) => machine.modeClock()[mark](cycle);
  load.onLimit = () => {
    ranOut = true;
    machine.stop({ kind: 'limit', code: null });
  };
  return {
    metrics: () => {
      const interval = machine.modeClock().interval();
      const result = generator.result();
      if (interval === undefined || result.verified === 0) return [];
      return serviceMetrics(result, interval, hypervisor, cyclesPerSecond);
    },
    fault: () => {
      const { verified, failed, errors } = generator.result();
      if (failed > 0) return `${failed} replies were wrong or missing: ${errors[0] ?? 'no reason kept'}`;
      if (verified !== spec.requests) return `${verified} replies were verified, expected ${spec.requests}`;
      return machine.modeClock().interval() === undefined ? 'the load generator set no marks' : '';
    },
    hung: () => {
      if (!ranOut) return undefined;
      const { verified, errors } = generator.result();
      const first = errors[0] === undefined ? '' : `; first error: ${errors[0]}`;
      return `hangs: no end at cycle ${cycleLimit} of the target, ${verified} of ${spec.requests} requests answered${first}`;
    },
  };
}
