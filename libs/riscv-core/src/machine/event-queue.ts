/** Things that happen at a target cycle: device completions, frames on the link. Equal cycles keep the order of scheduling. */
import type { DeviceState } from '../devices/device.js';
import { fieldsOf, listOf, numberOf, StateError } from '../devices/state-reader.js';

interface ScheduledEvent {
  readonly cycle: number;
  readonly sequence: number;
  action: (cycle: number) => void;
}

function before(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.cycle < b.cycle || (a.cycle === b.cycle && a.sequence < b.sequence);
}

const nothing = (): void => undefined;

/** A binary heap. */
export class EventQueue {
  private heap: ScheduledEvent[] = [];
  private sequence = 0;

  /** `action` gets the cycle it was scheduled for. Returns the event's number. */
  schedule(cycle: number, action: (cycle: number) => void): number {
    const sequence = this.sequence++;
    this.insert({ cycle, sequence, action });
    return sequence;
  }

  /** What is planned: the number of the next event, then cycle and number of each. */
  state(): DeviceState {
    const events = [...this.heap].sort((a, b) => (before(a, b) ? -1 : 1));
    return [this.sequence, events.map(({ cycle, sequence }) => [cycle, sequence])];
  }

  /** Events that nobody claims by {@link resume} do nothing, as those do that their device has forgotten. */
  restore(state: DeviceState | undefined): void {
    const [sequence, events] = fieldsOf(state, 2);
    this.sequence = numberOf(sequence);
    this.heap = listOf(events).map((event) => {
      const [cycle, number] = fieldsOf(event, 2);
      return { cycle: numberOf(cycle), sequence: numberOf(number), action: nothing };
    });
  }

  resume(number: number, action: (cycle: number) => void): void {
    const event = this.heap.find(({ sequence }) => sequence === number);
    if (event === undefined) throw new StateError(number, 'the number of a planned event');
    event.action = action;
  }

  private insert(event: ScheduledEvent): void {
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
