import type { Conflict, Point, Software } from '#libs/contracts';
import type { ReportInput } from '#libs/reporting';

/**
 * What runs are executed with, by content. The controller needs it before any worker does: a run's key, and so its
 * place in the cache, follows from it.
 */
export abstract class SoftwareCatalogue {
  /** Images of the point's runs and the built simulator. */
  abstract softwareFor(point: Point): Software;
  abstract simulator(): string;
  /** What the simulator would refuse to set up: names and values of its parameters. Empty for a point that can run. */
  abstract conflictsOf(point: Point): Conflict[];
  /** Version of this project, for the provenance of reports; null when it is not known. */
  revision(): string | null {
    return null;
  }
  /** Linux's steps, to set beside those of the KVM-like module. */
  abstract steps(): ReportInput['steps'];
}
