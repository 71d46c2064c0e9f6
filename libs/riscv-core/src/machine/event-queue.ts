/** Things that happen at a target cycle: device completions, frames on the link. Equal cycles keep the order of scheduling. */

interface ScheduledEvent {
  readonly cycle: number;
  readonly sequence: number;
  readonly action: (cycle: number) => void;
}

function before(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.cycle < b.cycle || (a.cycle === b.cycle && a.sequence < b.sequence);
}

/** A binary heap. */
export class EventQueue {
  private readonly heap: ScheduledEvent[] = [];
  private sequence = 0;

  /** `action` gets the cycle it was scheduled for. */
  schedule(cycle: number, action: (cycle: number) => void): void {
    const event = { cycle, sequence: this.sequence++, action };
    let at = this.heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(event, this.heap[parent]!)) break;
      this.heap[at] = this.heap[parent]!;
      at = parent;
    }
    this.heap[at] = event;
  }

  /** Cycle of the earliest event. */
  next(): number | undefined {
    return this.heap[0]?.cycle;
  }

  /** Runs every event due at `cycle` or earlier, those included that they schedule; tells the cycle of each before it runs. */
  runUntil(cycle: number, begin: (cycle: number) => void): void {
    for (let first = this.heap[0]; first !== undefined && first.cycle <= cycle; first = this.heap[0]) {
      this.removeFirst();
      begin(first.cycle);
      first.action(first.cycle);
    }
  }

  private removeFirst(): void {
    const last = this.heap.pop()!;
    if (this.heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.heap.length) break;
      if (child + 1 < this.heap.length && before(this.heap[child + 1]!, this.heap[child]!)) child++;
      if (!before(this.heap[child]!, last)) break;
      this.heap[at] = this.heap[child]!;
      at = child;
    }
    this.heap[at] = last;
  }
}
