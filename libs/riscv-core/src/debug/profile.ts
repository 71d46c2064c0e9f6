/**
 * Where the cycles of every hart went, by stack of functions: each instruction's cycles, stalls and traps included, belong to the stack it ran
 * on, so the profile sums to the clocks to the last cycle. Every mode has a stack of its own, whose root is the mode; cycles in WFI are `asleep`.
 *
 * Calls are jumps that link ra or t0, returns are jumps to where a call of the stack came from; a jump into another function replaces the top.
 */
import type { PrivilegeMode } from '../machine/mode-clock.js';
import type { SymbolTable } from '../machine/symbols.js';
import type { InstructionObserver, Machine } from '../machine/machine.js';

interface Frame {
  name: string;
  /** Where the function returns to. */
  readonly back: bigint;
}

interface HartRecord {
  /** Clock, and cycles slept, when the present instruction began. */
  cycles: number;
  slept: number;
  /** Of the stack that the present instruction runs on; undefined: it has changed. */
  key: string | undefined;
  mode: PrivilegeMode | undefined;
  /** The present instruction links: what is behind it is where its callee returns to. */
  back: bigint | undefined;
  readonly stacks: Map<string, Frame[]>;
}

const RA = 1;
const T0 = 5;
const MAX_DEPTH = 200;

export class Profile implements InstructionObserver {
  private readonly names = new Map<bigint, string>();
  private readonly harts = new Map<number, HartRecord>();
  private readonly cycles = new Map<string, number>();

  constructor(
    private readonly machine: Machine,
    private readonly symbols: SymbolTable,
  ) {
    for (const hart of machine.harts)
      this.harts.set(hart, {
        cycles: machine.cycles(hart),
        slept: machine.slept(hart),
        key: undefined,
        mode: undefined,
        back: undefined,
        stacks: new Map(),
      });
  }

  before(hart: number, pc: bigint, raw: number): boolean {
    const record = this.harts.get(hart)!;
    this.charge(hart, record);
    const mode = this.machine.privilege(hart);
    let stack = record.stacks.get(mode);
    if (stack === undefined) record.stacks.set(mode, (stack = []));
    if (mode !== record.mode) record.key = undefined;
    record.mode = mode;
    const name = this.nameOf(pc);
    const returned = stack.findLastIndex((frame) => frame.back === pc);
    if (record.back !== undefined && record.back !== pc && stack.length < MAX_DEPTH) {
      stack.push({ name, back: record.back });
      record.key = undefined;
    } else if (returned >= 0) {
      stack.length = returned;
      record.key = undefined;
    }
    const top = stack.at(-1);
    if (top === undefined) stack.push({ name, back: -1n });
    else if (top.name !== name) {
      top.name = name;
      record.key = undefined;
    }
    record.key ??= [`hart ${hart}`, mode, ...stack.map((frame) => frame.name)].join(';');
    record.back = links(raw) ? pc + ((raw & 3) === 3 ? 4n : 2n) : undefined;
    return false;
  }

  /** Lines `frame;frame;… cycles`, sorted: what flame graph tools read. Call when the machine has ended. */
  folded(): string {
    for (const [hart, record] of this.harts) this.charge(hart, record);
    return [...this.cycles]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, cycles]) => `${key} ${cycles}\n`)
      .join('');
  }

  private charge(hart: number, record: HartRecord): void {
    const cycles = this.machine.cycles(hart);
    const slept = this.machine.slept(hart);
    const asleep = slept - record.slept;
    this.add(record.key ?? `hart ${hart};reset`, cycles - record.cycles - asleep);
    this.add(`hart ${hart};asleep`, asleep);
    record.cycles = cycles;
    record.slept = slept;
  }

  private add(key: string, cycles: number): void {
    if (cycles !== 0) this.cycles.set(key, (this.cycles.get(key) ?? 0) + cycles);
  }

  /** The last symbol at or below; without one, the page. */
  private nameOf(pc: bigint): string {
    let name = this.names.get(pc);
    if (name !== undefined) return name;
    name = this.symbols.at(pc)?.name ?? `0x${(pc & ~0xfffn).toString(16)}`;
    this.names.set(pc, name);
    return name;
  }
}

/** JAL, JALR or C.JALR that writes ra or t0 (Unprivileged ISA 2.5, "return-address prediction-stack"). */
function links(raw: number): boolean {
  if ((raw & 3) !== 3) return (raw & 0xf07f) === 0x9002 && (raw & 0xf80) !== 0;
  const opcode = raw & 0x7f;
  const rd = (raw >>> 7) & 31;
  return (opcode === 0x6f || opcode === 0x67) && (rd === RA || rd === T0);
}
