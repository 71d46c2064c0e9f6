/** The steps of every workload beside Linux's, as reports take them. */
import { workloadNames } from '#libs/contracts';
import { workloadSteps, type WorkloadStep } from './kvm-steps.js';

export function kvmStepReferences(): WorkloadStep[] {
  return workloadNames.flatMap(workloadSteps);
}
