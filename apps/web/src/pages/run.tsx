import { hasResult, paramText, type Metric, type ResultView, type RunHistory, type RunView } from '#libs/contracts';
import type { JSX } from 'preact';
import { api, download } from '../api/client.js';
import { amount, duration, moment, plural, secondsBetween, short, whole } from '../format.js';
import { useLoaded, When } from '../parts/data.js';
import { ConsoleView } from '../parts/console.js';
import { Badge, Digest, Scroll, Shares, Tile, Tiles } from '../parts/pieces.js';
import { Link } from '../router.js';
import { wordsOf } from './campaign.js';

/** While a run goes on, its page is loaded again so often. */
const everyMs = 2_000;

interface Everything {
  run: RunView;
  history: RunHistory;
  result: ResultView | null;
}

export function RunPage({ id }: { id: string }): JSX.Element {
  const load = async (signal: AbortSignal): Promise<Everything> => {
    const [run, history] = await Promise.all([api.run(id, signal), api.history(id, signal)]);
    return { run, history, result: hasResult(run.state) ? await api.result(id, signal) : null };
  };
  const first = useLoaded(`run ${id}`, load);
  const over = first.value !== null && first.value.run.endedAt !== null;
  const later = useLoaded(`run ${id} again`, load, over ? null : everyMs);
  return <When loaded={later.value !== null ? later : first}>{(everything) => <Content {...everything} />}</When>;
}

function Content({ run, history, result }: Everything): JSX.Element {
  const { campaign } = history;
  return (
    <>
      <p class="crumbs">
        <Link to="/">Campaigns</Link> /{' '}
        <Link to={`/campaigns/${String(campaign.number)}`}>
          #{campaign.number} {campaign.name}
        </Link>{' '}
        / run {run.index + 1}
      </p>
      <div class="title-row">
        <h1 class="run-title">
          {run.label} <Badge status={run.status} />
        </h1>
      </div>
      {run.reason !== null && <p class="notice warn">{run.reason}</p>}
      {history.original !== null && (
        <p class="notice">
          Answered from the cache: run{' '}
          <Link to={`/runs/${history.original.id}`}>{history.original.id.slice(0, 8)}</Link> of campaign #
          {history.original.campaignNumber} has the same key.
        </p>
      )}
      {result === null ? <Underway run={run} /> : <Result result={result} />}
      <Provenance run={run} history={history} result={result} />
      <History history={history} />
    </>
  );
}

function Underway({ run }: { run: RunView }): JSX.Element {
  if (run.progress === null) return <p class="soft">No result yet: the run has not begun.</p>;
  return (
    <Tiles>
      <Tile label="target cycles so far" value={short(Number(run.progress.cycles))} note={whole(run.progress.cycles)} />
      <Tile
        label="instructions so far"
        value={short(Number(run.progress.instret))}
        note={whole(run.progress.instret)}
      />
      {run.startedAt !== null && (
        <Tile
          label="host time"
          value={duration(secondsBetween(run.startedAt, run.endedAt))}
          {...(run.worker === null ? {} : { note: run.worker })}
        />
      )}
    </Tiles>
  );
}

function Result({ result: { result, runId } }: { result: ResultView }): JSX.Element {
  const { outcome, cycles, instret, metrics, host } = result;
  return (
    <>
      <Tiles>
        <Tile
          label="outcome"
          value={outcome.kind}
          note={[outcome.exitCode === null ? null : `exit code ${String(outcome.exitCode)}`, outcome.detail || null]
            .filter((text) => text !== null)
            .join(', ')}
        />
        <Tile label="target cycles" value={short(Number(cycles))} note={`${whole(cycles)} from reset to end`} />
        <Tile label="instructions" value={short(Number(instret))} note={whole(instret)} />
        <Tile
          label="simulation host"
          value={host.mips.toFixed(1)}
          unit="MIPS"
          note={`${duration(host.seconds)}, ${host.engine}`}
        />
      </Tiles>
      <Metrics metrics={metrics} />
      <section>
        <div class="title-row">
          <h2>Console</h2>
          <button
            type="button"
            class="quiet"
            onClick={() => void download(`/runs/${runId}/console`, `run-${runId.slice(0, 8)}-console.txt`)}
          >
            Download
          </button>
        </div>
        <ConsoleView text={result.console} />
      </section>
    </>
  );
}

/** Statistics of one distribution: they have an order of their own and no sum, so no share of one. */
const isDistribution = (name: string): boolean => name.startsWith('latency.');

/** Metrics with one label and several values stand together: most are parts of a whole. The others are single figures or long lists. */
function Metrics({ metrics }: { metrics: readonly Metric[] }): JSX.Element {
  const names = [...new Set(metrics.map(({ name }) => name))];
  const groups = names.map((name) => metrics.filter((metric) => metric.name === name));
  const labels = (metric: Metric): string => Object.values(metric.labels).join(' / ');
  const single = groups.flatMap((group) => (group.length === 1 ? group : []));
  const split = groups.filter((group) => group.length > 1 && group.length <= 16);
  const long = groups.filter((group) => group.length > 16);
  return (
    <section>
      <h2>Metrics</h2>
      <p class="soft">Cycle model, not RTL.</p>
      <div class="grid">
        {single.length > 0 && (
          <div class="card">
            <table class="shares">
              <caption>Figures</caption>
              <tbody>
                {single.map((metric) => (
                  <tr key={metric.name}>
                    <th scope="row">
                      {metric.name}
                      {labels(metric) !== '' && <span class="soft"> {labels(metric)}</span>}
                    </th>
                    <td class="right">{amount(metric.value)}</td>
                    <td class="soft">{metric.unit}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
        {split.map((group) => (
          <div class="card" key={group[0]?.name}>
            <Shares
              caption={group[0]?.name ?? ''}
              unit={group[0]?.unit ?? ''}
              shares={group.map((metric) => ({ label: labels(metric), value: metric.value }))}
              show={amount}
              parts={!isDistribution(group[0]?.name ?? '')}
            />
          </div>
        ))}
      </div>
      {long.map((group) => (
        <details key={group[0]?.name} class="log">
          <summary>
            {group[0]?.name} <span class="soft">({plural(group.length, 'value')})</span>
          </summary>
          <Scroll label={group[0]?.name ?? ''}>
            <table class="tight">
              <thead>
                <tr>
                  {Object.keys(group[0]?.labels ?? {}).map((label) => (
                    <th scope="col" key={label}>
                      {label}
                    </th>
                  ))}
                  <th scope="col" class="right">
                    {group[0]?.unit}
                  </th>
                </tr>
              </thead>
              <tbody>
                {[...group]
                  .sort((a, b) => b.value - a.value)
                  .map((metric) => (
                    <tr key={labels(metric)}>
                      {Object.values(metric.labels).map((value, index) => (
                        <td key={index}>{value}</td>
                      ))}
                      <td class="right">{amount(metric.value)}</td>
                    </tr>
                  ))}
              </tbody>
            </table>
          </Scroll>
        </details>
      ))}
    </section>
  );
}

function Provenance({ run, history, result }: Everything): JSX.Element {
  const { machine, workload, hypervisor, seed } = run.spec;
  const settings = Object.entries({ ...machine, set: undefined, ...machine.set }).filter(
    ([, value]) => value !== undefined,
  );
  return (
    <section>
      <h2>Provenance</h2>
      <p class="soft">
        The key is the sha256 of all of this; a run of the same key gives the same result, to the last cycle.
      </p>
      <div class="grid">
        <div class="card">
          <table class="shares">
            <caption>Made from</caption>
            <tbody>
              <Fact name="run key" value={<Digest hex={history.key} />} />
              <Fact name="simulator" value={<Digest hex={history.simulator} />} />
              {Object.entries(history.images).map(([name, sha256]) => (
                <Fact key={name} name={name} value={<Digest hex={sha256} />} />
              ))}
              {result !== null && (
                <Fact name="state hash at the end" value={<code>{result.result.stateHash.slice(0, 16)}</code>} />
              )}
            </tbody>
          </table>
        </div>
        <div class="card">
          <table class="shares">
            <caption>Specification</caption>
            <tbody>
              <Fact name="seed" value={String(seed)} />
              <Fact name="hypervisor" value={hypervisor} />
              <Fact name="workload" value={workload.name} />
              {Object.entries(workload.params).map(([name, value]) => (
                <Fact key={name} name={name} value={paramText(value)} />
              ))}
              {settings.map(([name, value]) => (
                <Fact key={name} name={name} value={String(value)} />
              ))}
            </tbody>
          </table>
        </div>
      </div>
    </section>
  );
}

function Fact({ name, value }: { name: string; value: JSX.Element | string }): JSX.Element {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{value}</td>
    </tr>
  );
}

function History({ history }: { history: RunHistory }): JSX.Element {
  return (
    <section>
      <h2>Attempts</h2>
      {history.attempts.length === 0 ? (
        <p class="soft">None.</p>
      ) : (
        <Scroll label="Attempts">
          <table class="tight folding">
            <thead>
              <tr>
                <th scope="col" class="slim">
                  no.
                </th>
                <th scope="col">worker</th>
                <th scope="col">begun</th>
                <th scope="col" class="right">
                  lasted
                </th>
                <th scope="col">end</th>
                <th scope="col">detail</th>
              </tr>
            </thead>
            <tbody>
              {history.attempts.map((attempt) => (
                <tr key={attempt.number}>
                  <td class="slim">{attempt.number}</td>
                  <td data-name="worker">{attempt.worker}</td>
                  <td data-name="begun">{moment(attempt.leasedAt)}</td>
                  <td class="right" data-name="lasted">
                    {duration(secondsBetween(attempt.leasedAt, attempt.endedAt))}
                  </td>
                  <td data-name="end">{attempt.end ?? 'goes on'}</td>
                  <td>{attempt.detail ?? ''}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {history.artefacts.length > 0 && (
        <ul class="list compact">
          {history.artefacts.map((artefact) => (
            <li key={artefact.sha256 + artefact.name}>
              <button
                type="button"
                class="quiet"
                onClick={() => void download(`/runs/${history.runId}/artefacts/${artefact.name}`, artefact.name)}
              >
                {artefact.name}
              </button>{' '}
              <span class="soft">{whole(artefact.bytes)} bytes</span>
            </li>
          ))}
        </ul>
      )}
      <details class="log">
        <summary>Events</summary>
        <ol>
          {history.events.map((event) => (
            <li key={event.id}>
              <time dateTime={event.at}>{moment(event.at)}</time> {wordsOf(event)}
            </li>
          ))}
        </ol>
      </details>
    </section>
  );
}
