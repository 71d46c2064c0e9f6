import type { CampaignView } from '#libs/contracts';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { api } from '../api/client.js';
import { ago, duration, moment, plural, secondsBetween, whole } from '../format.js';
import { Failure, useLoaded, When } from '../parts/data.js';
import { Badge, Progress } from '../parts/pieces.js';
import { Link } from '../router.js';

const everyMs = 3_000;

export function CampaignsPage(): JSX.Element {
  const first = useLoaded('campaigns', (signal) => api.campaigns(null, signal), everyMs);
  const [older, setOlder] = useState<{ items: CampaignView[]; nextCursor: string | null } | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const more = async (cursor: string): Promise<void> => {
    try {
      const page = await api.campaigns(cursor);
      setOlder((before) => ({ items: [...(before?.items ?? []), ...page.items], nextCursor: page.nextCursor }));
      setError(null);
    } catch (failure) {
      setError(failure as Error);
    }
  };
  return (
    <>
      <div class="title-row">
        <h1>Campaigns</h1>
        <Link to="/campaigns/new" class="button primary">
          New campaign
        </Link>
      </div>
      <When loaded={first}>
        {(page) => {
          const shown = new Set(page.items.map(({ id }) => id));
          const items = [...page.items, ...(older?.items ?? []).filter(({ id }) => !shown.has(id))];
          const cursor = older === null ? page.nextCursor : older.nextCursor;
          if (items.length === 0) return <Empty />;
          return (
            <>
              <ul class="list">
                {items.map((campaign) => (
                  <Entry key={campaign.id} campaign={campaign} />
                ))}
              </ul>
              {error !== null && <Failure error={error} />}
              {cursor !== null && (
                <button type="button" onClick={() => void more(cursor)}>
                  Older campaigns
                </button>
              )}
            </>
          );
        }}
      </When>
    </>
  );
}

function Entry({ campaign }: { campaign: CampaignView }): JSX.Element {
  const { number, name, description, status, createdAt, endedAt, counts, runs, cached, alarms } = campaign;
  const ended = runs - (counts.waiting ?? 0) - (counts.running ?? 0) - (counts.cancelling ?? 0);
  return (
    <li class="card entry">
      <div class="entry-head">
        <Link to={`/campaigns/${String(number)}`} class="entry-name">
          <span class="soft">#{number}</span> {name}
        </Link>
        <Badge status={status} />
      </div>
      {description !== null && <p class="soft entry-words">{description}</p>}
      <Progress counts={counts} runs={runs} />
      <div class="facts">
        <span>
          {whole(ended)} of {plural(runs, 'run')}
        </span>
        {cached > 0 && <span>{whole(cached)} from cache</span>}
        {alarms > 0 && <span class="bad">{plural(alarms, 'alarm')}</span>}
        <span title={moment(createdAt)}>{ago(createdAt)}</span>
        <span>
          {endedAt === null ? 'for ' : 'took '}
          {duration(secondsBetween(createdAt, endedAt))}
        </span>
        {ended > 0 && (
          <Link to={`/campaigns/${String(number)}/report`} class="push">
            Report
          </Link>
        )}
      </div>
    </li>
  );
}

function Empty(): JSX.Element {
  return (
    <div class="card empty">
      <p>No campaign yet.</p>
      <p class="soft">
        A campaign is a file that names machines, hypervisors, workloads and seeds. The form for a new one begins with a
        small example that ends within seconds.
      </p>
      <Link to="/campaigns/new" class="button primary">
        New campaign
      </Link>
    </div>
  );
}
