/** Small assembly programs on a whole machine, for tests of single rules. */
import { assemble, type Assembled } from '../../libs/riscv-core/src/decode/assembler.js';
import * as L from '../../libs/riscv-core/src/hart/layout.js';
import { registerNumber } from '../../libs/riscv-core/src/isa/registers.js';
import { buildMachine } from '../../libs/riscv-core/src/machine/builder.js';
import { resolveConfig, type MachineOptions } from '../../libs/riscv-core/src/machine/config.js';
import type { EngineName } from '../../libs/riscv-core/src/machine/engine.js';
import { engineFactory } from '../../libs/riscv-core/src/machine/engines.js';
import type { Machine } from '../../libs/riscv-core/src/machine/machine.js';
import { csrByName } from '../../libs/riscv-core/src/isa/csrs.js';

export const RAM_BASE = 0x8000_0000n;
const RAM_BYTES = 16 << 20;
/** The JIT compiles what is executed a second time: these programs are short. */
const EAGER = { warm: 1, hot: 1 };
const INSTRUCTION_LIMIT = 100_000;

/** Stops the machine with exit code 0: the last lines of a program. Clobbers t5 and t6. */
export const PASS = `
    li   t6, 0x100000
    li   t5, 0x5555
    sw   t5, 0(t6)
halt: j halt
`;

/** Everything open to S and U, guests included: without a matching PMP entry they may access nothing. */
export const OPEN_PMP = `
    li   t0, -1
    srli t0, t0, 10
    csrw pmpaddr0, t0
    li   t0, 0x3f
    csrw pmpcfg0, t0
`;

/** Words of one record in the trap log. */
export interface TrapRecord {
  readonly cause: bigint;
  readonly epc: bigint;
  readonly tval: bigint;
  readonly tval2: bigint;
  readonly tinst: bigint;
  readonly status: bigint;
}

/**
 * Machine-mode traps are written to a log; execution goes on in M-mode at the address in s10. Uses t0, s9 and s10.
 * `LOGGED_TRAPS` goes first, `TRAP_LOG` behind the program.
 */
export const LOGGED_TRAPS = `
    la   t0, on_trap
    csrw mtvec, t0
    la   s9, log
`;
export const TRAP_LOG = `
.align 2
on_trap:
    csrr t0, mcause
    sd   t0, 0(s9)
    csrr t0, mepc
    sd   t0, 8(s9)
    csrr t0, mtval
    sd   t0, 16(s9)
    csrr t0, mtval2
    sd   t0, 24(s9)
    csrr t0, mtinst
    sd   t0, 32(s9)
    csrr t0, mstatus
    sd   t0, 40(s9)
    addi s9, s9, 48
    li   t0, 0x1800
    csrs mstatus, t0
    csrw mepc, s10
    mret
.align 3
log: .zero 4096
`;

export type Target = 'U' | 'S' | 'VU' | 'VS';

/** From M-mode to `label` in another mode; a trap comes back behind this text. `id` keeps labels apart. Clobbers t0. */
export function runIn(mode: Target, label: string, id: string): string {
  const clear = (1n << 39n) | 0x1800n;
  const set = (mode.startsWith('V') ? 1n << 39n : 0n) | (mode.endsWith('S') ? 0x800n : 0n);
  return `
    li   t0, ${clear}
    csrc mstatus, t0
    li   t0, ${set}
    csrs mstatus, t0
    la   t0, ${label}
    csrw mepc, t0
    la   s10, back_${id}
    mret
back_${id}:
`;
}

/** A machine with a program loaded, and ways to look at it. */
export class Program {
  readonly image: Assembled;
  readonly machine: Machine;

  constructor(source: string, engine: EngineName, options: MachineOptions = {}) {
    this.image = assemble(source, RAM_BASE);
    const config = resolveConfig({ memoryBytes: RAM_BYTES, ...options });
    const raw = [{ name: 'program', bytes: this.image.bytes, address: RAM_BASE }];
    const ports = { write: () => undefined };
    this.machine = buildMachine(
      config,
      { raw, entry: RAM_BASE },
      engineFactory(engine, { policy: EAGER }),
      ports,
    ).machine;
  }

  /** Runs until the program stops the machine. Anything else than a pass is an error. */
  run(): this {
    const state = this.machine.run(INSTRUCTION_LIMIT, INSTRUCTION_LIMIT);
    if (state.kind !== 'finisher' || state.code !== 0n) {
      throw new Error(`program ended with ${state.kind} at pc ${this.pc().toString(16)}`);
    }
    return this;
  }

  /** Runs at most `instructions` more. True: the program still goes on. */
  advance(instructions: number): boolean {
    const done = this.machine.totalSteps() + instructions;
    return this.machine.run(instructions, done).kind === 'limit';
  }

  x(name: string, hart = 0): bigint {
    return this.hart64(L.X + 8 * registerNumber(name)!, hart);
  }

  pc(hart = 0): bigint {
    return this.hart64(L.PC, hart);
  }

  mode(hart = 0): { prv: number; v: number } {
    const area = L.HARTS + hart * L.HART_STRIDE;
    return { prv: this.machine.memory.u32(area + L.PRV), v: this.machine.memory.u32(area + L.V) };
  }

  /** Stored bits of a register, not what a read in some mode would give. */
  csr(name: string, hart = 0): bigint {
    return this.hart64(csrByName(name)!.slot, hart);
  }

  /** The 64-bit word at a label, or `index` words behind it. */
  word(label: string, index = 0): bigint {
    return this.machine.ram.u64(this.address(label) + BigInt(8 * index));
  }

  address(label: string): bigint {
    const address = this.image.symbols.get(label);
    if (address === undefined) throw new Error(`no label ${label}`);
    return address;
  }

  hash(): string {
    return this.machine.stateHash();
  }

  instret(hart = 0): bigint {
    return this.hart64(L.INSTRET, hart);
  }

  cycles(hart = 0): bigint {
    return this.hart64(L.CYCLE, hart);
  }

  /** The records of {@link TRAP_LOG}. */
  traps(): TrapRecord[] {
    const count = Number(this.x('s9') - this.address('log')) / 48;
    return Array.from({ length: count }, (_, i) => {
      const [cause, epc, tval, tval2, tinst, status] = [0, 1, 2, 3, 4, 5].map((k) => this.word('log', 6 * i + k));
      return { cause: cause!, epc: epc!, tval: tval!, tval2: tval2!, tinst: tinst!, status: status! };
    });
  }

  poke(physical: bigint, value: bigint): this {
    this.machine.ram.setU64(physical, value);
    return this;
  }

  private hart64(offset: number, hart: number): bigint {
    return this.machine.memory.u64(L.HARTS + hart * L.HART_STRIDE + offset);
  }
}

/** Runs `body`, which ends by falling into the machine's stop; `data` lies behind it. */
export function run(engine: EngineName, body: string, options: MachineOptions = {}, data = ''): Program {
  return new Program(body + PASS + data, engine, options).run();
}

/** The same with traps logged: `traps()` of the result. */
export function runLogged(engine: EngineName, body: string, options: MachineOptions = {}, data = ''): Program {
  return new Program(logged(body, data), engine, options).run();
}

/** Text of a program whose traps are logged, to be prepared before it runs. */
export function logged(body: string, data = ''): string {
  return LOGGED_TRAPS + body + PASS + TRAP_LOG + data;
}
