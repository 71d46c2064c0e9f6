/**
 * Pages whose code keeps changing: each time compiled code of a page is dropped, the page's next code must become twice as hot
 * before it is compiled. Every window of counting in which nothing is dropped takes one doubling back.
 */
export class Patience {
  /** Doublings by physical address of the page. */
  private readonly doublings = new Map<bigint, number>();
  /** Pages that lost code in this window. */
  private readonly lost = new Set<bigint>();
  /** By slot of such a page and record: how often it has reached the threshold in this window. */
  private readonly passes = new Map<number, Map<number, number>>();

  /** The slot's records were emptied, its counters with them. */
  slotDropped(slot: number): void {
    this.passes.delete(slot);
  }

  /** Compiled code of the page was dropped, or code that was being compiled. */
  codeLost(page: bigint): void {
    this.lost.add(page);
    this.doublings.set(page, Math.min(MOST_DOUBLINGS, (this.doublings.get(page) ?? 0) + 1));
  }

  /** A record of the page's slot has reached the threshold. False: it must do so again, from the beginning. */
  ends(page: bigint, slot: number, rec: number): boolean {
    const doublings = this.doublings.get(page);
    if (doublings === undefined) return true;
    const inSlot = this.passes.get(slot) ?? new Map<number, number>();
    const passes = (inSlot.get(rec) ?? 0) + 1;
    this.passes.set(slot, inSlot.set(rec, passes));
    return passes >= 2 ** doublings;
  }

  /** Counting begins anew. */
  windowClosed(): void {
    this.passes.clear();
    for (const [page, doublings] of this.doublings) {
      if (this.lost.has(page)) continue;
      if (doublings > 1) this.doublings.set(page, doublings - 1);
      else this.doublings.delete(page);
    }
    this.lost.clear();
  }
}

/** 64 times as hot: with the usual thresholds more than a page's code can become in a window. */
const MOST_DOUBLINGS = 6;
