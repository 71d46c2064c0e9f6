import type { CampaignView } from '#libs/contracts';
import { viewsOf } from '../campaigns/campaign.mapper.js';
import type { PrismaClient } from '../db/generated/client.js';
import type { Annotation, GrafanaClient } from './grafana-client.js';

/** Campaigns told of in one turn. */
const batch = 20;
const firstPauseMs = 5_000;
const longestPauseMs = 600_000;

/** Told with every annotation; dashboards show annotations with it. */
export const annotationTag = 'dvfarm';

/**
 * Tells Grafana of every ended campaign, once. Which ones it knows is a table: whatever fails is tried again later, also
 * by the next controller, and no run or result waits for it.
 */
export class Announcer {
  constructor(
    private readonly prisma: PrismaClient,
    private readonly grafana: Pick<GrafanaClient, 'create' | 'find'>,
    private readonly now: () => Date,
    private readonly onFailure: (message: string) => void,
  ) {}

  /** Returns how many campaigns Grafana was told of. */
  async turn(): Promise<number> {
    let told = 0;
    for (const id of await this.due()) if (await this.announce(id)) told++;
    return told;
  }

  /** Ended campaigns that Grafana does not know and whose next try has come, oldest first. */
  private async due(): Promise<string[]> {
    const rows = await this.prisma.$queryRaw<{ id: string }[]>`
      select c.id from campaigns c
        left join grafana_annotations g on g.campaign_id = c.id
       where g.posted_at is null and (g.next_try_at is null or g.next_try_at <= ${this.now()})
         and exists (select 1 from runs r where r.campaign_id = c.id)
         and not exists (select 1 from runs r where r.campaign_id = c.id and r.ended_at is null)
       order by c.number limit ${batch}`;
    return rows.map((row) => row.id);
  }

  private async announce(campaignId: string): Promise<boolean> {
    const { tries } = await this.beginTry(campaignId);
    const campaign = await this.prisma.campaign.findUniqueOrThrow({ where: { id: campaignId } });
    const [view] = await viewsOf(this.prisma, [campaign]);
    const annotation = annotationOf(view!);
    try {
      // An earlier try may have arrived though its answer did not.
      const known = tries > 1 ? await this.grafana.find(campaignTag(campaignId)) : null;
      const annotationId = known ?? (await this.grafana.create(annotation));
      await this.prisma.grafanaAnnotation.update({
        where: { campaignId },
        data: { postedAt: this.now(), annotationId: BigInt(annotationId), lastError: null },
      });
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await this.prisma.grafanaAnnotation.update({ where: { campaignId }, data: { lastError: reason } });
      this.onFailure(`campaign ${campaign.number}: ${reason}; tried again later`);
      return false;
    }
  }

  /** Counts the try before it is made, and sets the time of the next one. */
  private beginTry(campaignId: string): Promise<{ tries: number }> {
    return this.prisma.$transaction(async (db) => {
      const before = await db.grafanaAnnotation.findUnique({ where: { campaignId } });
      const tries = (before?.tries ?? 0) + 1;
      const pause = Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1));
      const nextTryAt = new Date(this.now().getTime() + pause);
      return db.grafanaAnnotation.upsert({
        where: { campaignId },
        create: { campaignId, tries, nextTryAt },
        update: { tries, nextTryAt },
      });
    });
  }
}

/** One per campaign: by it an annotation is found again. */
export const campaignTag = (campaignId: string): string => `campaign:${campaignId}`;

export function annotationOf(campaign: CampaignView): Annotation {
  const { id, number, name, status, createdAt, endedAt, runs, counts, cached, alarms } = campaign;
  const parts = Object.entries(counts).flatMap(([state, count]) => (count === 0 ? [] : [`${count} ${state}`]));
  const more = [...(cached > 0 ? [`${cached} from cache`] : []), ...(alarms > 0 ? [`${alarms} alarms`] : [])];
  return {
    time: Date.parse(createdAt),
    timeEnd: Date.parse(endedAt ?? createdAt),
    tags: [annotationTag, name, status, campaignTag(id)],
    text: `Campaign ${number} "${name}" ${status}: ${runs} runs (${[...parts, ...more].join(', ')})`,
  };
}
