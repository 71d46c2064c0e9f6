/** DuVisor's TypeScript side: from a run's specification to its result. */
export { writeCpio, type ArchiveFile } from './cpio.js';
export { planBoot, type BootPlan } from './boot-plan.js';
export {
  imageDigests,
  ImageDirectory,
  ImageError,
  imageNames,
  prebuiltDirectory,
  prebuiltImages,
  type ImageStore,
} from './images.js';
export type { ResumeOptions, SaveOptions } from './saved-run.js';
export { defaultMaxInstructions, simulateRun, type SimulateOptions } from './simulate.js';
export { simulatorDigest } from './simulator-digest.js';
export { columnOf, type WorkloadStep } from './kvm-steps.js';
export { kvmStepReferences } from './step-references.js';
export { createLoadGenerator, type LoadGenerator } from './loadgen/load-generator.js';
export { faultyLink, type LinkFaults } from './loadgen/faulty-link.js';
export { staticFiles } from './loadgen/static-files.js';
export type {
  FileSet,
  LatencySummary,
  LoadLoop,
  LoadMark,
  LoadOptions,
  LoadResult,
  LoadService,
  LoadSpec,
  Popularity,
  Range,
} from './loadgen/load-spec.js';
