import { createHash } from 'node:crypto';
import { canonicalJson, parseCampaign, pointKeyText, pointLabel, runKeyText, type CampaignFile } from '#libs/contracts';
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
  const { file, expansion } = parseCampaign(input, 'campaign', (point) => catalogue.conflictsOf(point));
  const seedsPerPoint = expansion.runs.length / expansion.points.length;
  const software = new Map<string, ExpandedCampaign['software'][number]>();
  const points: ExpandedCampaign['points'] = [];
  const runs: ExpandedCampaign['runs'] = [];
  expansion.points.forEach((point, pointIndex) => {
    const { machine, hypervisor, workload } = point;
    points.push({
      index: pointIndex,
      pointKey: sha256(pointKeyText(point)),
      label: pointLabel(point),
      machine,
      hypervisor,
      workload,
    });
    const { images, simulator } = catalogue.softwareFor(point);
    const softwareId = sha256(canonicalJson({ images, simulator }));
    software.set(softwareId, { id: softwareId, images, simulator });
    for (const spec of expansion.runs.slice(pointIndex * seedsPerPoint, (pointIndex + 1) * seedsPerPoint))
      runs.push({
        index: runs.length,
        pointIndex,
        seed: spec.seed,
        runKey: sha256(runKeyText(spec, { images, simulator })),
        softwareId,
      });
  });
  return { file, points, software: [...software.values()], runs };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
