import { createHash } from 'node:crypto';
import {
  canonicalJson,
  parseCampaign,
  pointKeyText,
  pointLabel,
  runKeyText,
  type CampaignFile,
  type RunSpec,
  type Software,
} from '#libs/contracts';
import type { Prisma } from '../db/generated/client.js';
import type { SoftwareCatalogue } from '../software/catalogue.js';

/** A campaign's rows, but for the ids that the database gives. */
export interface ExpandedCampaign {
  file: CampaignFile;
  points: { index: number; pointKey: string; label: string; machine: object; hypervisor: string; workload: object }[];
  software: { id: string; images: Prisma.InputJsonObject; simulator: string }[];
  runs: { index: number; pointIndex: number; seed: number; runKey: string; softwareId: string }[];
}

/** Throws InputError for everything wrong with the file. */
export function expand(input: unknown, catalogue: SoftwareCatalogue): ExpandedCampaign {
  const { file, expansion } = parseCampaign(input, 'campaign');
  const software = new Map<string, { id: string; images: Software['images']; simulator: string }>();
  const points = expansion.points.map((point, index) => ({
    index,
    pointKey: sha256(pointKeyText(point)),
    label: pointLabel(point),
    machine: point.machine,
    hypervisor: point.hypervisor,
    workload: point.workload,
  }));
  const pointIndexes = new Map(points.map((point) => [point.pointKey, point.index]));
  const runs = expansion.runs.map((spec: RunSpec, index) => {
    const used = catalogue.softwareFor(spec);
    const softwareId = sha256(canonicalJson({ images: used.images, simulator: used.simulator }));
    software.set(softwareId, { id: softwareId, images: used.images, simulator: used.simulator });
    return {
      index,
      pointIndex: pointIndexes.get(sha256(pointKeyText(spec)))!,
      seed: spec.seed,
      runKey: sha256(runKeyText(spec, used)),
      softwareId,
    };
  });
  return { file, points, software: [...software.values()], runs };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
