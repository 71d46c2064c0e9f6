/**
 * Cycles of the harts by privilege mode, and the traps they took, between two moments; at no target cost.
 *
 * A mode begins and ends at a trap or a trap return, which an engine reports (MachineHost.event). Sleeping (WFI) counts apart,
 * whatever mode fell asleep. The parts sum to the whole to the last cycle.
 */
import * as L from '../hart/layout.js';
import type { TrapCounts } from './probes.js';

/** VU, VS: with V=1. U: user mode with V=0, HU included. S: HS-mode. */
export const privilegeModes = ['VU', 'VS', 'U', 'S', 'M'] as const;
export type PrivilegeMode = (typeof privilegeModes)[number];

/** What the clock reads of a hart. */
export interface ModeSource {
  readonly harts: readonly number[];
  cycles(hart: number): number;
  instret(hart: number): number;
  /** Cycles that passed in WFI, so far. */
  slept(hart: number): number;
  asleep(hart: number): boolean;
  privilege(hart: number): PrivilegeMode;
  traps(hart: number): TrapCounts;
}

/** Between begin and end, all harts together. */
export interface ModeInterval {
  readonly cycles: number;
  readonly instructions: number;
  readonly byMode: Readonly<Record<PrivilegeMode, number>>;
  readonly asleep: number;
  readonly traps: TrapCounts;
}

/** A clock as plain data. */
export interface ModeClockState {
  readonly records: ReadonlyMap<number, HartRecord>;
  readonly byMode: Readonly<Record<PrivilegeMode, number>>;
  readonly asleep: number;
  readonly result?: ModeInterval;
}

interface Mark {
  readonly cycles: number;
  readonly slept: number;
}

interface HartRecord {
  readonly begin: Mark & { readonly instructions: number; readonly traps: TrapCounts };
  mode: PrivilegeMode;
  since: Mark;
}

export class ModeClock {
  private records = new Map<number, HartRecord>();
  private byMode = emptyModes();
  private asleep = 0;
  private result: ModeInterval | undefined;

  constructor(
    private readonly source: ModeSource,
    /** Told when events matter and when no longer. */
    private readonly listen: (on: boolean) => void,
  ) {}

  /** The interval begins; `cycle`: what time it is for harts that sleep. Once in a machine's life. */
  begin(cycle: number): void {
    if (this.records.size > 0) throw new Error('mode clock: begun for the second time');
    for (const hart of this.source.harts) {
      const mark = this.markOf(hart, cycle);
      const { source } = this;
      this.records.set(hart, {
        begin: { ...mark, instructions: source.instret(hart), traps: source.traps(hart) },
        mode: source.privilege(hart),
        since: mark,
      });
    }
    this.listen(true);
  }

  /** A trap or a return has changed the hart's mode. */
  event(hart: number): void {
    const record = this.records.get(hart);
    if (record === undefined || this.result !== undefined) return;
    const mode = this.source.privilege(hart);
    if (mode === record.mode) return;
    this.close(record, this.markOf(hart, 0));
    record.mode = mode;
  }

  end(cycle: number): void {
    if (this.records.size === 0 || this.result !== undefined) throw new Error('mode clock: ended without a beginning');
    this.listen(false);
    let cycles = 0;
    let instructions = 0;
    const traps: number[] = [];
    for (const [hart, record] of this.records) {
      const mark = this.markOf(hart, cycle);
      this.close(record, mark);
      cycles += mark.cycles - record.begin.cycles;
      instructions += this.source.instret(hart) - record.begin.instructions;
      this.source.traps(hart).forEach((count, index) => {
        traps[index] = (traps[index] ?? 0) + count - (record.begin.traps[index] ?? 0);
      });
    }
    this.result = { cycles, instructions, byMode: this.byMode, asleep: this.asleep, traps };
  }

  /** Undefined until the interval has ended. */
  interval(): ModeInterval | undefined {
    return this.result;
  }

  state(): ModeClockState {
    const { records, byMode, asleep, result } = this;
    return { records, byMode, asleep, ...(result === undefined ? {} : { result }) };
  }

  /** Goes on as the clock did that had this state, in a machine restored to the same moment. A new clock's first call; the state becomes its own. */
  restore({ records, byMode, asleep, result }: ModeClockState): void {
    this.records = new Map(records);
    this.byMode = { ...byMode };
    this.asleep = asleep;
    this.result = result;
    if (records.size > 0 && result === undefined) this.listen(true);
  }

  private close(record: HartRecord, now: Mark): void {
    const slept = now.slept - record.since.slept;
    this.asleep += slept;
    this.byMode[record.mode] += now.cycles - record.since.cycles - slept;
    record.since = now;
  }

  /** A sleeper's clock stands still until it wakes: up to `cycle` it has slept. */
  private markOf(hart: number, cycle: number): Mark {
    const cycles = this.source.cycles(hart);
    const ahead = this.source.asleep(hart) ? Math.max(0, cycle - cycles) : 0;
    return { cycles: cycles + ahead, slept: this.source.slept(hart) + ahead };
  }
}

function emptyModes(): Record<PrivilegeMode, number> {
  return { VU: 0, VS: 0, U: 0, S: 0, M: 0 };
}

export function privilegeMode(prv: number, virtual: boolean): PrivilegeMode {
  if (prv === L.PRV_M) return 'M';
  if (prv === L.PRV_S) return virtual ? 'VS' : 'S';
  return virtual ? 'VU' : 'U';
}
