/** Small pieces that several pages are made of. */
import type { CampaignStatus, CampaignView, RunStatus } from '#libs/contracts';
import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { whole } from '../format.js';

export const statusOrder = [
  'passed',
  'failed',
  'timed-out',
  'lost',
  'broken',
  'cancelled',
  'running',
  'cancelling',
  'waiting',
] as const satisfies readonly RunStatus[];

/** Colour and word: no state is told by colour alone. */
export function Badge({ status }: { status: RunStatus | CampaignStatus }): JSX.Element {
  return (
    <span class={`badge is-${status}`}>
      <span class="dot" aria-hidden="true" />
      {status}
    </span>
  );
}

export function Progress({ counts, runs }: { counts: CampaignView['counts']; runs: number }): JSX.Element {
  const parts = statusOrder.flatMap((status) => {
    const count = counts[status] ?? 0;
    return count === 0 ? [] : [{ status, count }];
  });
  const ended = runs - (counts.waiting ?? 0) - (counts.running ?? 0) - (counts.cancelling ?? 0);
  const words = parts.map(({ status, count }) => `${whole(count)} ${status}`).join(', ');
  return (
    <div
      class="progress"
      role="progressbar"
      aria-label="runs that have ended"
      aria-valuemin={0}
      aria-valuemax={runs}
      aria-valuenow={ended}
      aria-valuetext={words}
      title={words}
    >
      {parts.map(({ status, count }) => (
        <span key={status} class={`is-${status}`} style={{ width: `${String((count / Math.max(1, runs)) * 100)}%` }} />
      ))}
    </div>
  );
}

interface TileProps {
  label: string;
  value: ComponentChildren;
  unit?: string;
  note?: ComponentChildren;
}

export function Tile({ label, value, unit, note }: TileProps): JSX.Element {
  return (
    <div class="tile">
      <dt>{label}</dt>
      <dd>
        <span class="big">{value}</span>
        {unit !== undefined && <span class="unit">{unit}</span>}
        {note !== undefined && <span class="tile-note">{note}</span>}
      </dd>
    </div>
  );
}

export function Tiles({ children }: { children: ComponentChildren }): JSX.Element {
  return <dl class="tiles">{children}</dl>;
}

/** Wide tables scroll by themselves; the page never does, sideways. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="scroll" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

/** A digest: its beginning is shown, all of it is copied. */
export function Digest({ hex }: { hex: string }): JSX.Element {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    navigator.clipboard.writeText(hex).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <button
      type="button"
      class="digest"
      title={`${hex} (press to copy)`}
      onClick={copy}
      onBlur={() => setCopied(false)}
    >
      {hex.slice(0, 12)}
      <span class="soft">{copied ? ' copied' : ' …'}</span>
    </button>
  );
}

export interface Share {
  readonly label: string;
  readonly value: number;
}

interface SharesProps {
  caption: string;
  unit: string;
  shares: readonly Share[];
  show: (value: number) => string;
  /** Whether the values are parts of a whole: sorted, with the share of each. Otherwise they stand as given, without shares. */
  parts: boolean;
}

/** Values as a table with bars in it: figure and table in one. */
export function Shares({ caption, unit, shares, show, parts }: SharesProps): JSX.Element {
  const total = shares.reduce((sum, { value }) => sum + Math.max(0, value), 0);
  const most = Math.max(...shares.map(({ value }) => value), 0);
  return (
    <table class="shares">
      <caption>
        {caption} <span class="soft">({unit})</span>
      </caption>
      <thead class="unseen">
        <tr>
          <th scope="col">part</th>
          <th scope="col">bar</th>
          <th scope="col">{unit}</th>
          {parts && <th scope="col">share</th>}
        </tr>
      </thead>
      <tbody>
        {(parts ? shares.toSorted((a, b) => b.value - a.value) : shares).map(({ label, value }) => (
          <tr key={label}>
            <th scope="row">{label}</th>
            <td class="bar-cell" aria-hidden="true">
              <span class="bar" style={{ width: `${String(most === 0 ? 0 : (Math.max(0, value) / most) * 100)}%` }} />
            </td>
            <td class="right">{show(value)}</td>
            {parts && <td class="right soft">{total === 0 ? '–' : `${((value / total) * 100).toFixed(1)} %`}</td>}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
