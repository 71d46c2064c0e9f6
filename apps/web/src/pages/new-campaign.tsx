import type { Engine, Plan } from '#libs/contracts';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { api, RefusedError } from '../api/client.js';
import { exampleCampaign, readCampaignText, type LocatedIssue } from '../campaign-text.js';
import { duration, plural, whole } from '../format.js';
import { Failure } from '../parts/data.js';
import { Digest, Scroll, Tile, Tiles } from '../parts/pieces.js';
import { go, Link } from '../router.js';

/** Typing has to rest so long before the controller is asked. */
const restMs = 400;
const shownRuns = 200;

export function NewCampaignPage(): JSX.Element {
  const [text, setText] = useState(exampleCampaign);
  const [noCache, setNoCache] = useState(false);
  const [engine, setEngine] = useState<Engine | ''>('');
  const [sending, setSending] = useState(false);
  const [refusal, setRefusal] = useState<Error | null>(null);
  const read = useMemo(() => readCampaignText(text), [text]);
  const request = { file: read.input, noCache, ...(engine === '' ? {} : { engine }) };
  const { plan, issues: found, error } = usePlan(read.file === null ? null : request, read.locate);
  const issues = read.issues.length > 0 ? read.issues : found;
  // The same request has the same key, so that a second press after a lost answer starts nothing twice.
  const attempt = useRef({ request: '', key: '' });

  const submit = async (): Promise<void> => {
    const content = JSON.stringify(request);
    if (attempt.current.request !== content) attempt.current = { request: content, key: randomKey() };
    setSending(true);
    setRefusal(null);
    try {
      const campaign = await api.submit(request, attempt.current.key);
      go(`/campaigns/${String(campaign.number)}`);
    } catch (failure) {
      setRefusal(failure as Error);
      setSending(false);
    }
  };
  const upload = async (file: File | undefined): Promise<void> => {
    if (file !== undefined) setText(await file.text());
  };

  return (
    <>
      <h1>New campaign</h1>
      <div class="two-columns">
        <form
          class="card"
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => {
            event.preventDefault();
            void upload(event.dataTransfer?.files[0]);
          }}
        >
          <div class="row between">
            <label for="campaign">Campaign file (YAML or JSON)</label>
            <label class="button quiet file">
              Open a file
              <input
                type="file"
                class="unseen"
                accept=".yaml,.yml,.json"
                onChange={(event) => void upload(event.currentTarget.files?.[0])}
              />
            </label>
          </div>
          <Editor text={text} onText={setText} issues={issues} />
          <div class="row options">
            <label class="check">
              <input type="checkbox" checked={noCache} onChange={(event) => setNoCache(event.currentTarget.checked)} />
              Run again what has an answer, and compare
            </label>
            <label class="row">
              Engine
              <select value={engine} onChange={(event) => setEngine(event.currentTarget.value as Engine | '')}>
                <option value="">as the file says</option>
                <option value="jit">jit</option>
                <option value="interpreter">interpreter</option>
                <option value="reference">reference</option>
              </select>
            </label>
          </div>
          {refusal !== null && <Failure error={refusal} />}
          <button type="submit" class="primary" disabled={issues.length > 0 || read.file === null || sending}>
            {sending ? 'Submitting …' : 'Submit'}
          </button>
        </form>
        <section aria-label="Plan" aria-live="polite">
          {issues.length > 0 ? (
            <Issues issues={issues} />
          ) : error !== null ? (
            <Failure error={error} />
          ) : plan === null ? (
            <p class="soft">Planning …</p>
          ) : (
            <PlanView plan={plan} />
          )}
        </section>
      </div>
    </>
  );
}

interface Planned {
  plan: Plan | null;
  issues: LocatedIssue[];
  error: Error | null;
}

function usePlan(
  request: { file: unknown; noCache: boolean; engine?: Engine } | null,
  locate: ReturnType<typeof readCampaignText>['locate'],
): Planned {
  const [planned, setPlanned] = useState<Planned>({ plan: null, issues: [], error: null });
  const content = request === null ? null : JSON.stringify(request);
  useEffect(() => {
    setPlanned({ plan: null, issues: [], error: null });
    if (request === null) return;
    const gone = new AbortController();
    const timer = setTimeout(() => {
      api.plan(request, gone.signal).then(
        (plan) => setPlanned({ plan, issues: [], error: null }),
        (error: unknown) => {
          if (gone.signal.aborted) return;
          const issues = error instanceof RefusedError ? (error.problem?.issues ?? []) : [];
          setPlanned({ plan: null, issues: locate(issues), error: issues.length > 0 ? null : (error as Error) });
        },
      );
    }, restMs);
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [content]);
  return planned;
}

interface EditorProps {
  text: string;
  onText: (text: string) => void;
  issues: readonly LocatedIssue[];
}

function Editor({ text, onText, issues }: EditorProps): JSX.Element {
  const gutter = useRef<HTMLDivElement>(null);
  const count = text.split('\n').length;
  const wrong = new Set(issues.map(({ line }) => line));
  return (
    <div class="editor">
      <div class="gutter" ref={gutter} aria-hidden="true">
        {Array.from({ length: count }, (_, index) => (
          <div key={index} class={wrong.has(index + 1) ? 'wrong' : ''}>
            {index + 1}
          </div>
        ))}
      </div>
      <textarea
        id="campaign"
        value={text}
        rows={Math.min(28, Math.max(14, count + 1))}
        spellcheck={false}
        autocomplete="off"
        wrap="off"
        aria-invalid={issues.length > 0}
        aria-describedby={issues.length > 0 ? 'issues' : undefined}
        onInput={(event) => onText(event.currentTarget.value)}
        onScroll={(event) => {
          if (gutter.current !== null) gutter.current.scrollTop = event.currentTarget.scrollTop;
        }}
      />
    </div>
  );
}

function Issues({ issues }: { issues: readonly LocatedIssue[] }): JSX.Element {
  return (
    <div class="card" id="issues">
      <h2>{plural(issues.length, 'mistake')}</h2>
      <ul class="issues">
        {issues.map((issue, index) => (
          <li key={index}>
            <div>
              <strong>{issue.line === null ? 'File' : `Line ${String(issue.line)}`}</strong>
              {issue.path !== '' && <code>{issue.path}</code>}
            </div>
            <div>
              found <span class="bad">{issue.found}</span>
            </div>
            <div>expected {issue.expected}</div>
          </li>
        ))}
      </ul>
    </div>
  );
}

function PlanView({ plan }: { plan: Plan }): JSX.Element {
  return (
    <div class="card">
      <h2>Plan</h2>
      <Tiles>
        <Tile label="points" value={whole(plan.points)} />
        <Tile label="runs" value={whole(plan.runs.length)} />
        <Tile label="from cache" value={whole(plan.cached)} unit={plural(plan.cached, 'hit').replace(/^\S+ /, '')} />
        <Tile
          label="expected"
          value={plan.expectedSeconds === null ? '–' : duration(plan.expectedSeconds)}
          note={plan.expectedSeconds === null ? 'some points were never run' : 'on one worker slot'}
        />
      </Tiles>
      <Scroll label="Planned runs">
        <table class="tight">
          <thead>
            <tr>
              <th scope="col">run</th>
              <th scope="col">key</th>
              <th scope="col">answer</th>
            </tr>
          </thead>
          <tbody>
            {plan.runs.slice(0, shownRuns).map((run) => (
              <tr key={run.index}>
                <td>{run.label}</td>
                <td>
                  <Digest hex={run.key} />
                </td>
                <td class="slim">
                  {run.cachedRun === null ? (
                    <span class="soft">
                      {run.expectedSeconds === null ? 'to be run' : `to be run, ${duration(run.expectedSeconds)}`}
                    </span>
                  ) : (
                    <Link to={`/runs/${run.cachedRun}`}>cache hit</Link>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {plan.runs.length > shownRuns && <p class="soft">and {whole(plan.runs.length - shownRuns)} more</p>}
    </div>
  );
}

/** `crypto.randomUUID` exists on loopback and https only; a page may also come from another host over plain http. */
function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
