/** Time still needed and simulation rate, from what has been seen so far. Pure. */

export interface Snapshot {
  /** Seconds since watching began. */
  readonly seconds: number;
  readonly total: number;
  /** Runs that have ended, for whatever reason. */
  readonly ended: number;
  /** Of these, those that were answered at once (cache hits) or had ended before watching began. */
  readonly free: number;
  readonly running: number;
}

/** Seconds still needed at the pace so far; null before the first computed run has ended. */
export function secondsLeft({ seconds, total, ended, free, running }: Snapshot): number | null {
  const computed = ended - free;
  const open = total - ended;
  if (open === 0) return 0;
  if (computed <= 0) return null;
  // Runs in hand are on average half done.
  const done = computed + Math.min(running, open) / 2;
  return (seconds / done) * (total - free - done);
}

/** `1:05`, `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return h > 0 ? `${String(h)}:${two(m)}:${two(s)}` : `${String(m)}:${two(s)}`;
}
