/**
 * Every access that hits a watchpoint, a line each, in the order in which the instructions retire:
 *
 *   hart 0 cycle 1234 pc 0x0000000080000010 count+0x8: write 0x0000000080002000 0x00000005 -> 0x00000006
 *   hart 1 cycle 1310 pc 0x0000000080000034 wait: read 0x0000000080002000 0x00000006
 *
 * The cycle is the hart's own when the instruction began. An access that traps is not there, nor is an SC that stores nothing; of a device's
 * register the values are not known (`?`).
 */
import type { Machine } from '../machine/machine.js';
import type { SymbolTable } from '../machine/symbols.js';
import { hexOf, littleEndian, type MemoryEffect } from './effects.js';
import { Inspector } from './inspector.js';
import { RetiredLog } from './retired-log.js';
import { Watchpoints, type Watchpoint, type WatchHit } from './watchpoints.js';

interface Begun {
  readonly hit: WatchHit;
  readonly pc: bigint;
  readonly cycle: number;
  /** What was there, as digits. */
  readonly before: string;
}

export class WatchLog extends RetiredLog<Begun> {
  private readonly inspector: Inspector;
  private readonly watchpoints: Watchpoints;

  constructor(
    machine: Machine,
    watched: readonly Watchpoint[],
    private readonly symbols: SymbolTable,
    private readonly write: (line: string) => void,
  ) {
    super(machine);
    this.inspector = new Inspector(machine);
    this.watchpoints = new Watchpoints(machine, this.inspector);
    this.watchpoints.list = watched;
  }

  protected look(hart: number, pc: bigint, raw: number): Begun | undefined {
    const hit = this.watchpoints.hit(hart, raw);
    if (hit === undefined) return undefined;
    const { load, store } = hit.effects;
    const { address, size } = (store ?? load)!;
    const there = this.inspector.read(hart, address, size);
    return {
      hit,
      pc: BigInt.asUintN(64, pc),
      cycle: this.machine.cycles(hart),
      before: there.length < size ? '?' : hexOf(size, littleEndian(there)),
    };
  }

  protected retired(hart: number, begun: Begun): void {
    const { hit, pc, cycle, before } = begun;
    const { load, store, conditional } = hit.effects;
    if (conditional && this.inspector.x(hart, hit.insn.rd) !== 0n) return;
    const line = (kind: string, { address }: MemoryEffect, values: string): void => {
      this.write(
        `hart ${hart} cycle ${cycle} pc ${hexOf(8, pc)}${this.symbols.suffix(pc)}: ${kind} ${hexOf(8, address)} ${values}`,
      );
    };
    if (store === undefined) line('read', load!, before);
    else {
      const after = store.value === undefined ? '?' : hexOf(store.size, store.value);
      line(load === undefined ? 'write' : 'read and write', store, `${before} -> ${after}`);
    }
  }
}
