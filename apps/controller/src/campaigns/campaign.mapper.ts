import {
  campaignStatus,
  isFinal,
  noCounts,
  runStatus,
  type CampaignView,
  type Engine,
  type RunState,
} from '#libs/contracts';
import type { Campaign } from '../db/generated/client.js';
import type { Db } from '../db/prisma.js';

interface Totals {
  counts: ReturnType<typeof noCounts>;
  cached: number;
  alarms: number;
  points: number;
  endedAt: Date | null;
}

/** What is derived from runs, for many campaigns in three statements. */
export async function viewsOf(db: Db, campaigns: Campaign[]): Promise<CampaignView[]> {
  const ids = campaigns.map((campaign) => campaign.id);
  const totals = new Map<string, Totals>(
    ids.map((id) => [id, { counts: noCounts(), cached: 0, alarms: 0, points: 0, endedAt: null }]),
  );
  const states = await db.run.groupBy({
    by: ['campaignId', 'state'],
    where: { campaignId: { in: ids } },
    _count: { _all: true, reusedFromId: true },
    _max: { endedAt: true },
  });
  const alarms = await db.runLogEntry.groupBy({
    by: ['campaignId'],
    where: { campaignId: { in: ids }, kind: 'ALARM' },
    _count: true,
  });
  const points = await db.point.groupBy({ by: ['campaignId'], where: { campaignId: { in: ids } }, _count: true });

  const open = new Set<string>();
  for (const row of states) {
    const total = totals.get(row.campaignId);
    if (total === undefined) continue;
    total.counts[runStatus(row.state as RunState)] += row._count._all;
    total.cached += row._count.reusedFromId;
    if (!isFinal(row.state)) open.add(row.campaignId);
    const ended = row._max.endedAt;
    if (ended !== null && (total.endedAt === null || ended > total.endedAt)) total.endedAt = ended;
  }
  for (const row of alarms) totals.get(row.campaignId)!.alarms = row._count;
  for (const row of points) totals.get(row.campaignId)!.points = row._count;

  return campaigns.map((campaign) => {
    const total = totals.get(campaign.id)!;
    return {
      id: campaign.id,
      number: campaign.number,
      name: campaign.name,
      description: campaign.description,
      status: campaignStatus(total.counts),
      createdAt: campaign.createdAt.toISOString(),
      endedAt: open.has(campaign.id) ? null : (total.endedAt?.toISOString() ?? null),
      noCache: campaign.noCache,
      engine: campaign.engine as Engine,
      points: total.points,
      runs: Object.values(total.counts).reduce((sum, count) => sum + count, 0),
      counts: total.counts,
      cached: total.cached,
      alarms: total.alarms,
    };
  });
}
