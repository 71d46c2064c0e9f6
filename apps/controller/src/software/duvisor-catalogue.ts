import type { Point, Software } from '#libs/contracts';
import { imageDigests, kvmStepReferences, simulatorDigest } from '#libs/duvisor';
import type { ReportInput } from '#libs/reporting';
import { SoftwareCatalogue } from './catalogue.js';

/** The images and the simulator of this checkout. Digests only: the controller simulates nothing. */
export class DuvisorCatalogue extends SoftwareCatalogue {
  private readonly digest = simulatorDigest();

  override softwareFor(point: Point): Software {
    // Any seed: it decides the boot arguments, not the images.
    return { images: imageDigests({ ...point, seed: 0 }), simulator: this.digest };
  }

  override simulator(): string {
    return this.digest;
  }

  override steps(): ReportInput['steps'] {
    return kvmStepReferences();
  }
}
