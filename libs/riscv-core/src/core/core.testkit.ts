/** Drives the exports of the core module on hand-made machine states: no interpreter, no guest code. */
import { CSR_MIP_SW } from '../hart/csr-slots.js';
import * as L from '../hart/layout.js';
import { csrByName } from '../isa/csrs.js';
import { buildMachine } from '../machine/builder.js';
import { resolveConfig, type MachineOptions } from '../machine/config.js';
import type { MachineHost } from '../machine/engine.js';
import { scriptedEngine } from '../machine/engine.testkit.js';
import { LinearMemory, hartArea } from '../machine/linear-memory.js';
import { memoryMap } from '../machine/memory-map.js';
import { instantiateCore, type CoreExports } from './core-module.js';

export const RAM = BigInt(memoryMap.ram.base);
/** Handler addresses that the kit puts into the trap vectors. */
export const HANDLER = { M: 0x8000_1000n, HS: 0x8000_2000n, VS: 0x8000_3000n, HU: 0x8000_4000n } as const;
export type Mode = 'M' | 'HS' | 'U' | 'HU' | 'VS' | 'VU';

const modes: Readonly<Record<Mode, { prv: number; v: number; hu: boolean }>> = {
  M: { prv: 3, v: 0, hu: false },
  HS: { prv: 1, v: 0, hu: false },
  U: { prv: 0, v: 0, hu: false },
  HU: { prv: 0, v: 0, hu: true },
  VS: { prv: 1, v: 1, hu: true },
  VU: { prv: 0, v: 1, hu: true },
};

/** Flags of page-table entries. */
export const PTE = { V: 1n, R: 2n, W: 4n, X: 8n, U: 16n, A: 64n, D: 128n } as const;
export const RWXAD = PTE.V | PTE.R | PTE.W | PTE.X | PTE.A | PTE.D;

/** Fields of the scratch record that an operation is executed from. */
export interface RecordFields {
  raw?: number;
  rd?: number;
  rs1?: number;
  rs2?: number;
  imm?: number;
}

export interface Event {
  kind: number;
  a: number;
}

export class CoreKit {
  readonly linear: LinearMemory;
  readonly core: CoreExports;
  readonly h: number;
  readonly rec: number;
  /** Device accesses made, newest last: `load 0x10000000 1`. */
  readonly device: string[] = [];
  readonly events: Event[] = [];
  tohostStores = 0;
  /** Next free page for page tables: the upper half of RAM. */
  private nextTable = RAM + 0x20_0000n;

  constructor(options: MachineOptions = {}, hart = 0) {
    let captured: { memory: WebAssembly.Memory; host: MachineHost } | undefined;
    buildMachine(
      resolveConfig({ memoryBytes: 4 * 1024 * 1024, ...options }),
      { raw: [{ name: 'empty', bytes: new Uint8Array(4), address: RAM }] },
      () => (memory, host) => {
        captured = { memory, host };
        return scriptedEngine({ run: () => 0 });
      },
      { write: () => undefined },
    );
    if (captured === undefined) throw new Error('the machine builder made no engine');
    const { memory } = captured;
    this.linear = new LinearMemory(memory);
    const host: MachineHost = {
      load: (physical, size) => {
        this.device.push(`load 0x${physical.toString(16)} ${size}`);
        return physical >= memoryMap.uart.base && physical < memoryMap.uart.base + 0x100 ? 0x81n : undefined;
      },
      store: (physical, size, value) => {
        this.device.push(`store 0x${physical.toString(16)} ${size} 0x${value.toString(16)}`);
        return physical >= memoryMap.uart.base && physical < memoryMap.uart.base + 0x100;
      },
      tohost: () => (this.tohostStores += 1),
      probe: () => undefined,
      event: (_hart, kind, a) => this.events.push({ kind, a }),
    };
    this.core = instantiateCore(memory, host, { decode: () => undefined }).exports;
    this.h = hartArea(hart);
    this.rec = this.h + L.CROSS_RECORD;
    for (const [name, value] of [
      ['mtvec', HANDLER.M],
      ['stvec', HANDLER.HS],
      ['vstvec', HANDLER.VS],
    ] as const)
      this.setCsr(name, value);
    if (options.dvext !== undefined && options.dvext !== 'none') this.setCsr('utvec', HANDLER.HU);
    this.pc = RAM + 0x100n;
    this.linear.setU64(this.h + L.TURN_END, (1n << 64n) - 1n);
    this.linear.setU64(this.h + L.INSTRET_LIMIT, (1n << 64n) - 1n);
  }

  get pc(): bigint {
    return this.linear.u64(this.h + L.PC);
  }
  set pc(value: bigint) {
    this.linear.setU64(this.h + L.PC, value);
  }
  get cycle(): bigint {
    return this.linear.u64(this.h + L.CYCLE);
  }
  set cycle(value: bigint) {
    this.linear.setU64(this.h + L.CYCLE, value);
  }
  get instret(): bigint {
    return this.linear.u64(this.h + L.INSTRET);
  }
  get event(): number {
    return this.linear.u32(this.h + L.EVENT);
  }

  x(register: number): bigint {
    return this.linear.u64(this.h + L.X + 8 * register);
  }
  setX(register: number, value: bigint): void {
    this.linear.setU64(this.h + L.X + 8 * register, value);
  }

  /** By name, without any access check. */
  csr(name: string): bigint {
    return BigInt.asUintN(64, this.core.read_csr(this.h, numberOf(name)));
  }
  setCsr(name: string, value: bigint): void {
    this.core.write_csr(this.h, numberOf(name), value);
  }
  /** Changes the bits of `mask`. */
  setBits(name: string, mask: bigint, on = true): void {
    this.setCsr(name, on ? this.csr(name) | mask : this.csr(name) & ~mask);
  }
  setSoftwarePending(bits: bigint): void {
    this.linear.setU64(this.h + CSR_MIP_SW, bits);
  }
  setLines(bits: bigint): void {
    this.linear.setU64(this.h + L.LINES, bits);
  }

  /** Puts the hart into a mode; hstatus.HU as the mode's name says. */
  enter(mode: Mode): void {
    const { prv, v, hu } = modes[mode];
    this.setBits('hstatus', 1n << 9n, hu);
    this.linear.setU32(this.h + L.PRV, prv);
    this.linear.setU32(this.h + L.V, v);
    this.core.refresh_hart(this.h);
  }

  /** Where the hart is: the mode's name. */
  get mode(): Mode {
    const prv = this.linear.u32(this.h + L.PRV);
    const v = this.linear.u32(this.h + L.V);
    const hu = (this.csr('hstatus') & (1n << 9n)) !== 0n;
    if (v === 1) return prv === 1 ? 'VS' : 'VU';
    if (prv === 0) return hu ? 'HU' : 'U';
    return prv === 1 ? 'HS' : 'M';
  }

  /** All of physical memory open for S and U (and for guests, where there is a V bit). */
  openPmp(): void {
    this.setCsr('pmpaddr0', (1n << 54n) - 1n);
    this.setCsr('pmpcfg0', 0x3fn);
  }

  /** Executes a SYS_* operation at the present pc. */
  system(operation: number, fields: RecordFields = {}): void {
    this.writeRecord(fields);
    this.clearEvent();
    this.core.system(this.h, operation, this.rec);
  }

  /** `csrrw/csrrs/csrrc rd=5, csr, x6` with x6 = operand; gives rd. */
  csrInstruction(operation: number, number: number, operand?: bigint): bigint {
    this.setX(6, operand ?? 0n);
    this.setX(5, 0xdead_beefn);
    this.system(operation, { raw: ((number << 20) | 0x73) >>> 0, rd: 5, rs1: operand === undefined ? 0 : 6 });
    return this.x(5);
  }

  load(va: bigint, kind: number, rd = 5): bigint {
    this.writeRecord({ rd });
    this.clearEvent();
    return BigInt.asUintN(64, this.core.load(this.h, va, kind, this.rec));
  }
  store(va: bigint, value: bigint, kind: number): void {
    this.writeRecord({});
    this.clearEvent();
    this.core.store(this.h, va, value, kind, this.rec);
  }
  amo(va: bigint, value: bigint, kindAndOp: number): bigint {
    this.writeRecord({ rd: 5 });
    this.clearEvent();
    return BigInt.asUintN(64, this.core.amo(this.h, va, value, kindAndOp, this.rec));
  }
  lr(va: bigint, kind: number): bigint {
    this.writeRecord({ rd: 5 });
    this.clearEvent();
    return BigInt.asUintN(64, this.core.lr(this.h, va, kind, this.rec));
  }
  sc(va: bigint, value: bigint, kind: number): bigint {
    this.writeRecord({ rd: 5 });
    this.clearEvent();
    return BigInt.asUintN(64, this.core.sc(this.h, va, value, kind, this.rec));
  }

  /** Physical memory. */
  word(pa: bigint): bigint {
    return this.linear.u64(this.at(pa));
  }
  setWord(pa: bigint, value: bigint): void {
    this.linear.setU64(this.at(pa), value);
  }
  at(pa: bigint): number {
    return L.RAM_LINEAR + Number(pa - RAM);
  }

  /** An empty page (16 KiB for `pages` = 4), naturally aligned. */
  newTable(pages = 1): bigint {
    const size = BigInt(pages) * 4096n;
    const table = (this.nextTable + size - 1n) & ~(size - 1n);
    this.nextTable = table + size;
    this.linear.bytes.fill(0, this.at(table), this.at(table) + Number(size));
    return table;
  }

  /**
   * Maps the page of `va` at `level` (0 = 4 KiB) in the Sv39 table at `root`; `wide` for an Sv39x4 root. Tables on the way are made; their
   * addresses are physical, so a VS-stage table needs an identity mapping in the G-stage. Gives the address of the leaf entry.
   */
  map(root: bigint, va: bigint, pa: bigint, flags: bigint, { level = 0, wide = false } = {}): bigint {
    let table = root;
    for (let i = 2; ; i--) {
      const mask = wide && i === 2 ? 0x7ffn : 0x1ffn;
      const entry = table + ((va >> BigInt(12 + 9 * i)) & mask) * 8n;
      if (i === level) {
        this.setWord(entry, ((pa >> 12n) << 10n) | flags);
        return entry;
      }
      if ((this.word(entry) & 1n) === 0n) this.setWord(entry, ((this.newTable() >> 12n) << 10n) | PTE.V);
      table = ((this.word(entry) >> 10n) & ((1n << 44n) - 1n)) << 12n;
    }
  }

  /** The cause of the last trap as the mode that took it sees it, and where it went. */
  get trap(): { to: string; cause: bigint; tval: bigint } | undefined {
    if (this.event !== L.EVENT_TRAP) return undefined;
    const prv = this.linear.u32(this.h + L.PRV);
    const v = this.linear.u32(this.h + L.V);
    const [to, cause, tval] =
      prv === 3
        ? (['M', 'mcause', 'mtval'] as const)
        : v === 1
          ? (['VS', 'vscause', 'vstval'] as const)
          : prv === 1
            ? (['HS', 'scause', 'stval'] as const)
            : (['HU', 'ucause', 'utval'] as const);
    return { to, cause: this.csr(cause), tval: this.csr(tval) };
  }

  writeRecord({ raw = 0x73, rd = 0, rs1 = 0, rs2 = 0, imm = 0 }: RecordFields): void {
    const bytes = this.linear.bytes;
    bytes[this.rec + L.REC_RD] = rd === 0 ? 32 : rd;
    bytes[this.rec + L.REC_RS1] = rs1;
    bytes[this.rec + L.REC_RS2] = rs2;
    bytes[this.rec + L.REC_LEN] = 4;
    bytes[this.rec + L.REC_COST] = 1;
    bytes[this.rec + L.REC_COST + 1] = 0;
    this.linear.setU32(this.rec + L.REC_IMM, imm);
    this.linear.setU32(this.rec + L.REC_RAW, raw);
  }

  private clearEvent(): void {
    this.linear.setU32(this.h + L.EVENT, L.EVENT_NONE);
  }
}

export function numberOf(name: string): number {
  const row = csrByName(name);
  if (row === undefined) throw new Error(`no CSR ${name}`);
  return row.number;
}

/** An Sv39 or Sv39x4 root for satp, vsatp, hgatp. */
export function atp(root: bigint): bigint {
  return (8n << 60n) | (root >> 12n);
}
