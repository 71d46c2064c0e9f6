import {
  runStatuses,
  type CampaignView,
  type LoggedEvent,
  type ProgressEvent,
  type RunStatus,
  type RunView,
} from '#libs/contracts';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api } from '../api/client.js';
import { useLive, type Live } from '../api/live.js';
import { duration, moment, plural, secondsBetween, short, whole } from '../format.js';
import { Failure, useLoaded, useThrottled, When } from '../parts/data.js';
import { Badge, Progress, Scroll, Tile, Tiles } from '../parts/pieces.js';
import { Link } from '../router.js';

export function CampaignPage({ id }: { id: string }): JSX.Element {
  const live = useLive(id);
  const changes = useThrottled(live.changes, 1_000);
  const loaded = useLoaded(`campaign ${id}`, (signal) => api.campaign(id, signal));
  const ended = live.connection === 'ended';
  useEffect(() => {
    // What the stream does not tell: when it ended, and how many alarms there were.
    if (ended) loaded.reload();
  }, [ended]);
  return (
    <When loaded={loaded}>
      {(campaign) => <Content campaign={withProgress(campaign, live.progress)} live={live} changes={changes} />}
    </When>
  );
}

/** What the stream tells is newer than what was loaded. */
function withProgress(campaign: CampaignView, progress: ProgressEvent | null): CampaignView {
  if (progress === null) return campaign;
  return {
    ...campaign,
    counts: progress.counts as CampaignView['counts'],
    status: progress.status as CampaignView['status'],
  };
}

function Content({ campaign, live, changes }: { campaign: CampaignView; live: Live; changes: number }): JSX.Element {
  const { number, name, description, status, counts, runs, cached, alarms, createdAt, endedAt } = campaign;
  const open = (counts.waiting ?? 0) + (counts.running ?? 0) + (counts.cancelling ?? 0);
  const running = live.progress?.running ?? [];
  const mips = running.reduce((sum, run) => sum + run.mips, 0);
  return (
    <>
      <p class="crumbs">
        <Link to="/">Campaigns</Link> / #{number}
      </p>
      <div class="title-row">
        <h1>
          {name} <Badge status={status} />
        </h1>
        <div class="row">
          {open > 0 && status !== 'cancelling' && <Cancel campaign={campaign} />}
          <Link to={`/campaigns/${String(number)}/report`} class="button primary">
            Report
          </Link>
        </div>
      </div>
      {description !== null && <p class="soft">{description}</p>}
      {alarms > 0 && (
        <div class="notice bad" role="alert">
          {plural(alarms, 'alarm')}: repeated executions of one run disagreed. See the report.
        </div>
      )}
      <Progress counts={counts} runs={runs} />
      <Tiles>
        <Tile
          label="runs ended"
          value={whole(runs - open)}
          unit={`of ${whole(runs)}`}
          {...(cached > 0 ? { note: `${whole(cached)} from cache` } : {})}
        />
        {open > 0 && (
          <>
            <Tile label="time left" value={leftIn(live.progress)} note="estimate" />
            <Tile label="simulation rate" value={short(mips * 1e6)} unit="insns/s" note="simulation host" />
            <Tile label="running" value={whole(running.length)} />
          </>
        )}
        <Elapsed createdAt={createdAt} endedAt={endedAt} />
      </Tiles>
      {live.connection === 'lost' && (
        <p class="notice warn" role="status">
          Connection lost; trying again.
        </p>
      )}
      {running.length > 0 && <Running running={running} />}
      <Runs campaign={campaign} changes={changes} running={running} />
      <Log log={live.log} />
    </>
  );
}

function leftIn(progress: ProgressEvent | null): string {
  const left = progress?.secondsLeft ?? null;
  return left === null ? '–' : duration(left);
}

function Elapsed({ createdAt, endedAt }: { createdAt: string; endedAt: string | null }): JSX.Element {
  const [, tick] = useState(0);
  useEffect(() => {
    if (endedAt !== null) return;
    const timer = setInterval(() => tick((before) => before + 1), 1_000);
    return () => clearInterval(timer);
  }, [endedAt]);
  return (
    <Tile
      label={endedAt === null ? 'elapsed' : 'took'}
      value={duration(secondsBetween(createdAt, endedAt))}
      note={`since ${moment(createdAt)}`}
    />
  );
}

function Cancel({ campaign }: { campaign: CampaignView }): JSX.Element {
  const [asked, setAsked] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const cancel = async (): Promise<void> => {
    try {
      await api.cancel(campaign.id);
    } catch (failure) {
      setError(failure as Error);
    }
  };
  if (error !== null) return <Failure error={error} retry={() => setError(null)} />;
  if (!asked)
    return (
      <button type="button" onClick={() => setAsked(true)}>
        Cancel
      </button>
    );
  return (
    <span class="row" role="group" aria-label="Cancel this campaign?">
      <button type="button" class="danger" onClick={() => void cancel()}>
        Stop all runs
      </button>
      <button type="button" onClick={() => setAsked(false)}>
        Go on
      </button>
    </span>
  );
}

function Running({ running }: { running: ProgressEvent['running'] }): JSX.Element {
  return (
    <section>
      <h2>In hand</h2>
      <ul class="list compact">
        {running.map((run) => (
          <li key={run.runId} class="card running">
            <Link to={`/runs/${run.runId}`}>{run.label}</Link>
            <div class="facts">
              <span>{run.worker}</span>
              <span>{short(Number(run.cycles))} target cycles</span>
              <span>{short(Number(run.instret))} instructions</span>
              <span>{run.mips.toFixed(1)} MIPS</span>
              <span>{duration(secondsBetween(run.startedAt, null))}</span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface RunsProps {
  campaign: CampaignView;
  changes: number;
  /** What the stream tells of the runs in hand: newer than the list. */
  running: ProgressEvent['running'];
}

function Runs({ campaign, changes, running }: RunsProps): JSX.Element {
  const [status, setStatus] = useState<RunStatus | null>(null);
  const [cursors, setCursors] = useState<(string | null)[]>([null]);
  const cursor = cursors.at(-1) ?? null;
  const loaded = useLoaded(`runs ${campaign.id} ${status ?? ''} ${cursor ?? ''}`, (signal) =>
    api.runs(campaign.id, cursor, status, signal),
  );
  useEffect(() => {
    if (changes > 0) loaded.reload();
  }, [changes]);
  const cyclesOf = (run: RunView): string | null =>
    running.find(({ runId }) => runId === run.id)?.cycles ?? run.progress?.cycles ?? null;
  const there = runStatuses.filter((name) => (campaign.counts[name] ?? 0) > 0);
  const choose = (name: RunStatus | null): void => {
    setStatus(name);
    setCursors([null]);
  };
  return (
    <section>
      <h2>Runs</h2>
      <div class="chips" role="group" aria-label="Show runs">
        <button type="button" class="chip" aria-pressed={status === null} onClick={() => choose(null)}>
          all {whole(campaign.runs)}
        </button>
        {there.map((name) => (
          <button key={name} type="button" class="chip" aria-pressed={status === name} onClick={() => choose(name)}>
            {name} {whole(campaign.counts[name] ?? 0)}
          </button>
        ))}
      </div>
      <When loaded={loaded}>
        {(page) => (
          <>
            <Scroll label="Runs">
              <table class="tight folding">
                <thead>
                  <tr>
                    <th scope="col">run</th>
                    <th scope="col">status</th>
                    <th scope="col" class="right">
                      target cycles
                    </th>
                    <th scope="col">worker</th>
                    <th scope="col" class="right">
                      host time
                    </th>
                    <th scope="col" class="right">
                      tries
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {page.items.map((run) => (
                    <tr key={run.id}>
                      <td>
                        <Link to={`/runs/${run.id}`}>{run.label}</Link>
                      </td>
                      <td>
                        <Badge status={run.status} />
                        {run.reusedFrom !== null && <span class="soft"> cache</span>}
                      </td>
                      <td class="right" data-name="target cycles">
                        {whole(cyclesOf(run) ?? '–')}
                      </td>
                      <td class="slim" data-name="worker">
                        {run.worker ?? '–'}
                      </td>
                      <td class="right" data-name="host time">
                        {run.startedAt === null ? '–' : duration(secondsBetween(run.startedAt, run.endedAt))}
                      </td>
                      <td class="right" data-name="tries">
                        {run.attempts}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Scroll>
            {(cursors.length > 1 || page.nextCursor !== null) && (
              <div class="row">
                <button type="button" disabled={cursors.length === 1} onClick={() => setCursors(cursors.slice(0, -1))}>
                  Earlier
                </button>
                <button
                  type="button"
                  disabled={page.nextCursor === null}
                  onClick={() => setCursors([...cursors, page.nextCursor])}
                >
                  Later
                </button>
              </div>
            )}
          </>
        )}
      </When>
    </section>
  );
}

function Log({ log }: { log: readonly LoggedEvent[] }): JSX.Element | null {
  if (log.length === 0) return null;
  return (
    <details class="log">
      <summary>Latest events</summary>
      <ol>
        {log.map((event) => (
          <li key={event.id}>
            <time dateTime={event.at}>{moment(event.at).slice(11)}</time>{' '}
            <Link to={`/runs/${event.runId}`}>{event.runId.slice(0, 8)}</Link> {wordsOf(event)}
          </li>
        ))}
      </ol>
    </details>
  );
}

export function wordsOf(event: LoggedEvent): string {
  const detail = event.detail === '' ? '' : `: ${event.detail}`;
  switch (event.kind) {
    case 'transition':
      return `${event.from} → ${event.to} (${event.event})${detail}`;
    case 'refused':
      return `refused ${event.message} of attempt ${String(event.attempt)}${detail}`;
    case 'alarm':
      return `ALARM${detail} (${event.differing.join(', ')})`;
  }
}
