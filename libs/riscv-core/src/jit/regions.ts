/** Which regions exist: their numbers in the function table, what they were made from, and how they go. */
import * as L from '../hart/layout.js';
import { OP_REGION } from '../interp/ops.js';

/** A compiled region, known by its first record. */
export interface RegionEntry {
  readonly number: number;
  readonly rec: number;
}

/** Regions of one module. They go together: a module's code is freed when none of its functions is in the table. */
interface Module {
  readonly regions: Set<RegionEntry>;
  /** Size of its WebAssembly code. */
  readonly bytes: number;
}

/** Bounds of what is compiled: functions in the table, and bytes of WebAssembly code of all modules that have one there. */
export interface RegionLimits {
  readonly regions: number;
  readonly bytes: number;
}

export class RegionTable {
  private readonly view: DataView;
  private readonly bytes: Uint8Array;
  private readonly free: number[] = [];
  private readonly bySlot = new Map<number, Map<RegionEntry, Module>>();
  /** Oldest first. */
  private readonly modules = new Set<Module>();
  private bytesInUse = 0;
  /** Lowest number never used; 0 is no region. */
  private next = 1;

  constructor(
    memory: WebAssembly.Memory,
    private readonly table: WebAssembly.Table,
    private readonly limits: RegionLimits,
    private readonly realOp: (rec: number) => number,
  ) {
    this.view = new DataView(memory.buffer);
    this.bytes = new Uint8Array(memory.buffer);
  }

  /** Bytes of WebAssembly code that the table keeps alive. */
  get codeBytes(): number {
    return this.bytesInUse;
  }

  /** Makes room for a module of `count` regions: whole modules go, the oldest first. */
  reserve(count: number, bytes: number): void {
    const { limits } = this;
    while (this.free.length + (limits.regions - this.next) < count || this.bytesInUse + bytes > limits.bytes) {
      const [oldest] = this.modules;
      if (oldest === undefined) {
        const room = `${limits.regions - 1} regions and ${limits.bytes} bytes`;
        throw new Error(`the JIT has no room for ${count} regions of ${bytes} bytes, only for ${room}`);
      }
      this.forget(oldest);
      for (const region of oldest.regions) {
        this.view.setUint16(region.rec + L.REC_OP, this.realOp(region.rec), true);
        this.view.setUint16(numberOf(region.rec), 0, true);
        this.bySlot.get(slotOf(region.rec))?.delete(region);
        this.release(region);
      }
      this.forgetJumps();
    }
  }

  /** Functions of one new module of that size, by the record where they begin. */
  add(functions: ReadonlyMap<number, WebAssembly.ExportValue>, bytes: number): void {
    const module: Module = { regions: new Set(), bytes };
    this.modules.add(module);
    this.bytesInUse += bytes;
    for (const [rec, code] of functions) {
      const region: RegionEntry = { number: this.free.pop() ?? this.next++, rec };
      module.regions.add(region);
      const slot = slotOf(rec);
      const inSlot = this.bySlot.get(slot) ?? new Map<RegionEntry, Module>();
      this.bySlot.set(slot, inSlot.set(region, module));
      this.table.set(region.number, code);
      this.view.setUint16(numberOf(rec), region.number, true);
      this.view.setUint16(rec + L.REC_OP, OP_REGION, true);
    }
  }

  /** Nothing that begins here can be compiled. */
  refuse(rec: number): void {
    this.view.setUint16(numberOf(rec), L.REGION_REFUSED, true);
  }

  /** Transfers counted since they were forgotten last, but for those of places that have become regions. */
  counted(): number {
    let sum = 0;
    for (let slot = L.CODE_SLOTS; slot < L.CODE_SLOTS_END; slot += L.CODE_SLOT_STRIDE) {
      if (this.view.getBigUint64(slot + L.CODE_SLOT_PAGE, true) === 0n) continue;
      const at = slot + L.CODE_SLOT_COUNTERS;
      for (const count of new Uint16Array(this.bytes.buffer, at, L.CODE_SLOT_REGIONS_SIZE / 4)) sum += count;
    }
    return sum;
  }

  /** What was counted is long ago. */
  forgetCounts(): void {
    for (let slot = L.CODE_SLOTS; slot < L.CODE_SLOTS_END; slot += L.CODE_SLOT_STRIDE) {
      if (this.view.getBigUint64(slot + L.CODE_SLOT_PAGE, true) === 0n) continue;
      const counters = slot + L.CODE_SLOT_COUNTERS;
      this.bytes.fill(0, counters, counters + L.CODE_SLOT_REGIONS_SIZE / 2);
    }
  }

  /** Counts the transfers to a place from 0 again. */
  forgetCount(rec: number): void {
    this.view.setUint16(numberOf(rec) + L.CODE_SLOT_COUNTERS - L.CODE_SLOT_REGIONS, 0, true);
  }

  /** The records of a slot were emptied. True: there were regions. */
  dropSlot(slot: number): boolean {
    const inSlot = this.bySlot.get(slot);
    if (inSlot === undefined || inSlot.size === 0) return false;
    for (const [region, module] of inSlot) {
      module.regions.delete(region);
      this.release(region);
      if (module.regions.size === 0) this.forget(module);
    }
    this.bySlot.delete(slot);
    this.forgetJumps();
    return true;
  }

  private forget(module: Module): void {
    if (this.modules.delete(module)) this.bytesInUse -= module.bytes;
  }

  private release(region: RegionEntry): void {
    this.table.set(region.number, null);
    this.free.push(region.number);
  }

  private forgetJumps(): void {
    const harts = this.view.getUint32(L.M_HARTS, true);
    for (let hart = 0; hart < harts; hart++) {
      const tables = L.HARTS + hart * L.HART_STRIDE + L.JUMP_TABLES;
      this.bytes.fill(0xff, tables, tables + L.CONTEXTS * L.JUMP_TABLE_SIZE);
    }
  }
}

export function slotOf(rec: number): number {
  return rec - ((rec - L.CODE_SLOTS) % L.CODE_SLOT_STRIDE);
}

/** Address of a record's word in CODE_SLOT_REGIONS; that of its counter is behind it at CODE_SLOT_COUNTERS. */
function numberOf(rec: number): number {
  const slot = slotOf(rec);
  return slot + L.CODE_SLOT_REGIONS + (rec - slot) / (L.CODE_RECORD_SIZE / 2);
}
