import { workloadNames, type Point, type Software } from '#libs/contracts';
import { imageDigests, simulatorDigest, workloadSteps } from '#libs/duvisor';
import { projectRevision } from '#libs/platform';
import type { ReportInput } from '#libs/reporting';
import { projectRoot } from '../config/project-root.js';
import { SoftwareCatalogue } from './catalogue.js';

/** The images and the simulator of this checkout. Digests only: the controller simulates nothing. */
export class DuvisorCatalogue extends SoftwareCatalogue {
  private readonly digest = simulatorDigest();

  override softwareFor(point: Point): Software {
    return { images: imageDigests(point), simulator: this.digest };
  }

  override simulator(): string {
    return this.digest;
  }

  override revision(): string | null {
    return projectRevision(projectRoot());
  }

  override steps(): ReportInput['steps'] {
    return workloadNames.flatMap((name) => workloadSteps(name));
  }
}
