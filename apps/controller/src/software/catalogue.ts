import type { RunSpec, Software } from '#libs/contracts';
import type { ReportInput } from '#libs/reporting';

/**
 * What runs are executed with, by content. The controller needs it before any worker does: a run's key, and so its
 * place in the cache, follows from it.
 */
export abstract class SoftwareCatalogue {
  /** Images of this run and the built simulator. */
  abstract softwareFor(spec: RunSpec): Software;
  abstract simulator(): string;
  /** Linux's steps, to set beside those of the KVM-like module. */
  abstract steps(): ReportInput['steps'];
}
