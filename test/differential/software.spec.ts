/**
 * All engines on the real target software with the cycle model: firmware, host kernel, VMM and guest, from
 * reset to the end of each primitive on both hypervisors. Equal means equal to the last cycle, with every cache and
 * predictor in the same state, and the same measurement by the probes.
 */
import { describe, expect, test } from 'vitest';
import type { MicroName, RunSpec } from '#libs/contracts';
import { planBoot, prebuiltImages } from '#libs/duvisor';
import { buildMachine } from '../../libs/riscv-core/src/machine/builder.js';
import type { Machine } from '../../libs/riscv-core/src/machine/machine.js';
import { compareMachines } from './lockstep.js';
import { engineOf } from './subjects.js';

const LIMIT = 3_000_000;
const STEP = 10_007;

function specification(hypervisor: RunSpec['hypervisor'], workload: MicroName): RunSpec {
  return {
    machine: { preset: 'firesim', harts: 1, memoryMiB: 128, timing: 'rocket', dvext: 'rocket', quantum: 1000, set: {} },
    hypervisor,
    workload: { name: workload, params: { iterations: 3, warmup: 1 } },
    seed: 1,
  };
}

describe.each(['duvisor', 'kvm'] as const)('%s', (hypervisor) => {
  // About 8 s of a processor each: four engines, one of them slow.
  test.each(['hypercall', 'stage2-fault', 'mmio'] as const)(
    '%s',
    (workload) => {
      const spec = specification(hypervisor, workload);
      const plan = planBoot(spec, prebuiltImages(spec));
      const machines: Machine[] = [];
      const result = compareMachines(
        (subject) => {
          const { machine } = buildMachine(plan.config, plan.images, engineOf(subject, 'long'), {
            write: () => undefined,
          });
          machine.observe(plan.labels);
          machines.push(machine);
          return machine;
        },
        LIMIT,
        STEP,
      );
      expect(result.end).toBe('finisher 0');
      const [one, ...others] = machines.map((machine) => machine.measurement());
      expect(one?.operations).toBe(3);
      for (const other of others) expect(other).toEqual(one);
    },
    180_000,
  );
});
