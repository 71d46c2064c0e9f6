/** From hot places to compiled regions: what waits, what is being compiled, and what has become of it meanwhile. */
import type { Decoder } from '../decode/decoder.js';
import * as L from '../hart/layout.js';
import type { CodeStore } from '../interp/code-store.js';
import { Patience } from './patience.js';
import type { RegionBuilder, RegionModule } from './region-builder.js';
import { readRegion, type RegionSource } from './region-source.js';
import { slotOf, type RegionTable } from './regions.js';

export interface CompilerLimits {
  /** Regions that are compiled together, as one module. */
  readonly batch: number;
  /** Most instructions of a region. */
  readonly regionInsns: number;
}

export class Compiler {
  /** Records of hot places. */
  private readonly waiting = new Set<number>();
  /** Some of them must not wait for others. */
  private urgent = false;
  /** Records of the regions that the builder has and that are still wanted; undefined: the builder has none. */
  private building: Set<number> | undefined;
  /** Physical pages of the slots that have compiled code, or had some since their records were emptied. */
  private readonly pages = new Map<number, bigint>();
  private readonly patience = new Patience();
  private readonly view: DataView;

  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly store: CodeStore,
    private readonly decoder: Decoder,
    private readonly regions: RegionTable,
    private readonly builder: RegionBuilder,
    private readonly limits: CompilerLimits,
    private readonly imports: WebAssembly.Imports,
  ) {
    this.view = new DataView(memory.buffer);
  }

  /** Import `env.hot`: a place has become hot; `now` = so hot that it does not wait for others. */
  note(rec: number, now: boolean): void {
    if (this.building?.has(rec) !== true) {
      const slot = slotOf(rec);
      if (this.patience.ends(this.view.getBigUint64(slot + L.CODE_SLOT_PAGE, true), slot, rec)) {
        this.waiting.add(rec);
        this.urgent ||= now;
      } else {
        this.regions.forgetCount(rec);
      }
    }
    this.advance();
  }

  /** What was counted is long ago. */
  windowClosed(): void {
    this.regions.forgetCounts();
    this.patience.windowClosed();
  }

  /** The builder is at work. */
  get busy(): boolean {
    return this.building !== undefined;
  }

  /** Takes what is finished, hands over what is due. No hart is inside a region. */
  advance(): void {
    for (;;) {
      if (this.building !== undefined) {
        const built = this.builder.collect();
        if (built === undefined) return;
        this.install(this.building, built);
        this.building = undefined;
      }
      if (!this.urgent && this.waiting.size < this.limits.batch) return;
      const batch = this.nextBatch();
      if (batch.length > 0) {
        this.building = new Set(batch.map(({ rec }) => rec));
        this.builder.submit(batch);
      }
    }
  }

  /** The records of the slot were emptied: what is in it is no longer what was hot. */
  dropSlot(slot: number): void {
    let lost = this.regions.dropSlot(slot);
    for (const rec of this.waiting) if (slotOf(rec) === slot) this.waiting.delete(rec);
    for (const rec of this.building ?? []) {
      if (slotOf(rec) !== slot) continue;
      this.building!.delete(rec);
      lost = true;
    }
    const page = this.pages.get(slot);
    if (lost && page !== undefined) this.patience.codeLost(page);
    this.pages.delete(slot);
    this.patience.slotDropped(slot);
  }

  private nextBatch(): RegionSource[] {
    const { memory, store, decoder, waiting } = this;
    const batch: RegionSource[] = [];
    for (const rec of waiting) {
      if (batch.length === this.limits.batch) return batch;
      waiting.delete(rec);
      const source = readRegion(memory, store, decoder, rec, this.limits.regionInsns);
      if (source === undefined) {
        this.regions.refuse(rec);
        continue;
      }
      batch.push(source);
      this.pages.set(source.page.slot, source.page.physical);
    }
    this.urgent = false;
    return batch;
  }

  private install(wanted: ReadonlySet<number>, { module, bytes }: RegionModule): void {
    if (wanted.size === 0) return;
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.memory }, ...this.imports });
    this.regions.reserve(wanted.size, bytes);
    this.regions.add(new Map([...wanted].map((rec) => [rec, exports[String(rec)]!])), bytes);
  }
}
