/** Progress of a campaign on standard error: a bar on a terminal, a plain line now and then elsewhere. */
import { SingleBar } from 'cli-progress';
import type { ProgressEvent } from '#libs/contracts';
import { printable } from '../table.js';
import { clock } from './clock.js';

export interface Display {
  show(event: ProgressEvent): void;
  /** A line that stays, above the bar. */
  say(line: string): void;
  close(): void;
}

const endedStatuses = ['passed', 'failed', 'timed-out', 'cancelled', 'lost', 'broken'] as const;
/** Plain lines come at most so often, unless a run ended. */
const plainEveryMs = 5000;

export function openDisplay(stream: NodeJS.WriteStream): Display {
  return stream.isTTY ? barDisplay(stream) : plainDisplay(stream);
}

interface Snapshot {
  /** Seconds since watching began. */
  readonly seconds: number;
  readonly total: number;
  /** Runs that have ended, for whatever reason. */
  readonly ended: number;
  readonly running: number;
  readonly secondsLeft: number | null;
  readonly mips: number;
  /** Label of a run in hand. */
  readonly now: string;
}

/** Turns the first event into the origin of time. */
class Tracker {
  private begin: number | null = null;
  private lastMips = 0;

  read(event: ProgressEvent): Snapshot {
    const count = (statuses: readonly string[]): number =>
      statuses.reduce((sum, status) => sum + (event.counts[status] ?? 0), 0);
    this.begin ??= Date.now();
    // Between two runs nothing computes for a moment: the rate of the last ones says more than 0.
    this.lastMips = event.running.reduce((sum, run) => sum + run.mips, 0) || this.lastMips;
    return {
      seconds: (Date.now() - this.begin) / 1000,
      total: count(Object.keys(event.counts)),
      ended: count(endedStatuses),
      running: event.running.length,
      secondsLeft: event.secondsLeft,
      mips: this.lastMips,
      now: printable(event.running[0]?.label ?? ''),
    };
  }
}

function describe(seen: Snapshot): string {
  const eta = seen.secondsLeft === null ? 'ETA –' : `ETA ${clock(seen.secondsLeft)}`;
  return `${String(seen.ended)}/${String(seen.total)} runs · ${String(seen.running)} running · ${seen.mips.toFixed(1)} MIPS · ${clock(seen.seconds)} · ${eta}`;
}

function barDisplay(stream: NodeJS.WriteStream): Display {
  const tracker = new Tracker();
  const bar = new SingleBar({
    stream,
    format: '{bar} {text}',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    linewrap: false,
    fps: 8,
  });
  let open = false;
  return {
    show(event) {
      const seen = tracker.read(event);
      if (!open) bar.start(seen.total, seen.ended, { text: '' });
      open = true;
      bar.update(seen.ended, { text: seen.now === '' ? describe(seen) : `${describe(seen)} · ${seen.now}` });
    },
    say(line) {
      if (open) bar.stop();
      open = false;
      stream.write(`${line}\n`);
    },
    close() {
      if (open) bar.stop();
      open = false;
    },
  };
}

function plainDisplay(stream: NodeJS.WritableStream): Display {
  const tracker = new Tracker();
  let last = { at: 0, ended: -1 };
  return {
    show(event) {
      const seen = tracker.read(event);
      const now = Date.now();
      if (seen.ended === last.ended && now - last.at < plainEveryMs) return;
      last = { at: now, ended: seen.ended };
      stream.write(`${describe(seen)}\n`);
    },
    say: (line) => void stream.write(`${line}\n`),
    close: () => undefined,
  };
}
