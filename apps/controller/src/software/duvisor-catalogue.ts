import { canonicalJson, isService, type Conflict, type Point, type Software } from '#libs/contracts';
import { imageDigests, kvmStepReferences, planBoot, prebuiltImages, simulatorDigest } from '#libs/duvisor';
import { projectRevision } from '#libs/platform';
import type { ReportInput } from '#libs/reporting';
import { projectRoot } from '../config/project-root.js';
import { SoftwareCatalogue } from './catalogue.js';

/** The images and the simulator of this checkout. Digests only: the controller simulates nothing. */
export class DuvisorCatalogue extends SoftwareCatalogue {
  private readonly digest = simulatorDigest();
  /** By machine, and whether it has a network: a matrix has many points and few machines. */
  private readonly conflicts = new Map<string, Conflict[]>();

  override softwareFor(point: Point): Software {
    return { images: imageDigests(point), simulator: this.digest };
  }

  override simulator(): string {
    return this.digest;
  }

  override conflictsOf(point: Point): Conflict[] {
    const key = canonicalJson({ machine: point.machine, service: isService(point.workload) });
    const known = this.conflicts.get(key);
    if (known !== undefined) return known;
    const found = refusalOf(point);
    if (this.conflicts.size > 1000) this.conflicts.clear();
    this.conflicts.set(key, found);
    return found;
  }

  override revision(): string | null {
    return projectRevision(projectRoot());
  }

  override steps(): ReportInput['steps'] {
    return kvmStepReferences();
  }
}

/** Sets the machine up on paper, as a run would: the simulator itself says what it does not take. */
function refusalOf(point: Point): Conflict[] {
  try {
    planBoot({ ...point, seed: 0 }, prebuiltImages(point));
    return [];
  } catch (error) {
    const { code, where, found, expected } = error as {
      code?: string;
      where?: string;
      found?: string;
      expected?: string;
    };
    if (code !== 'BAD_INPUT' || where === undefined || found === undefined || expected === undefined) throw error;
    return [{ at: placeOf(where), found, expected }];
  }
}

/** The simulator speaks of command line options (`--set l1d.ways`), a campaign of fields. */
function placeOf(option: string): Conflict['at'] {
  const [name = '', setting] = option.replace(/^--/, '').split(' ', 2);
  const field = { memory: 'memoryMiB', machine: 'preset' }[name] ?? name;
  return setting === undefined ? ['machine', field] : ['machine', field, setting];
}
