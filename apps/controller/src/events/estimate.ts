/** Time a campaign still needs, from how long its runs take. Pure. */

export interface PointWork {
  readonly pointId: string;
  readonly waiting: number;
  /** Mean host seconds of its runs that were computed in this campaign; null before the first. */
  readonly seconds: number | null;
  /** Usual host seconds of the same point in earlier campaigns; null when there are none. */
  readonly earlierSeconds: number | null;
}

export interface RunningWork {
  readonly pointId: string;
  readonly elapsedSeconds: number;
}

/**
 * Host seconds until the last run ends: what waits and what is left of the runs in hand, shared by `slots` workers (those
 * that hold runs now, at least). A point that was never computed is taken to last as long as the mean of the others; null when nothing
 * is known at all, and 0 when nothing is open.
 */
export function secondsLeft(
  points: readonly PointWork[],
  running: readonly RunningWork[],
  slots = running.length,
): number | null {
  const waiting = points.reduce((sum, point) => sum + point.waiting, 0);
  if (waiting === 0 && running.length === 0) return 0;
  const known = new Map<string, number>();
  for (const { pointId, seconds, earlierSeconds } of points) {
    const usual = seconds ?? earlierSeconds;
    if (usual !== null) known.set(pointId, usual);
  }
  if (known.size === 0) return null;
  const mean = [...known.values()].reduce((sum, seconds) => sum + seconds, 0) / known.size;
  const needs = (pointId: string): number => known.get(pointId) ?? mean;
  const rests = running.map(({ pointId, elapsedSeconds }) => Math.max(0, needs(pointId) - elapsedSeconds));
  const work =
    points.reduce((sum, point) => sum + point.waiting * needs(point.pointId), 0) +
    rests.reduce((sum, rest) => sum + rest, 0);
  return Math.max(work / Math.max(1, slots, running.length), ...rests);
}
