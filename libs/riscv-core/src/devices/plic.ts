/**
 * Platform-level interrupt controller (RISC-V PLIC specification 1.0), with the software-driven sources and the per-hart
 * virtual context of DV-ext (dv-ext.md 10).
 *
 * Gateways are level gateways as in Rocket: a high line is latched as pending once, and not looked at again until the
 * source is completed. A latched request is not withdrawn when its line falls.
 */
import type { AccessSize, Device, DeviceState } from './device.js';
import { fieldsOf, numberOf, restoreBytes } from './state-reader.js';

type Profile = 'none' | 'rocket' | 'qemu' | 'strict';

export interface PlicContext {
  readonly hart: number;
  /** Bit of mip it drives: 11 MEIP, 9 SEIP, 10 VSEIP. */
  readonly interrupt: number;
}

const MEIP = 11;
const SEIP = 9;
const VSEIP = 10;

/** Per hart M and S, and with DV-ext VS: context 3h + 2. */
export function plicContexts(config: { harts: number; dvext: Profile }): PlicContext[] {
  const kinds = config.dvext === 'none' ? [MEIP, SEIP] : [MEIP, SEIP, VSEIP];
  return Array.from({ length: config.harts }, (_, hart) => kinds.map((interrupt) => ({ hart, interrupt }))).flat();
}

/** Highest source number (dv-ext.md 10: 36 on the FPGA, 255 in the QEMU model). */
export function plicSources(config: { dvext: Profile }): number {
  return { none: 31, rocket: 36, strict: 36, qemu: 255 }[config.dvext];
}

/** Source number of bit 0 of vinterrupts. Hardware sources inside the range share their gateway with it. */
export function vintBase(profile: Profile): number {
  return profile === 'qemu' ? 0x80 : 5;
}

const PENDING = 0x1000;
const ENABLES = 0x2000;
const ENABLE_STRIDE = 0x80;
const CONTEXTS = 0x20_0000;
const CONTEXT_STRIDE = 0x1000;
const VINTERRUPTS = 0x1f0_0000;
const MAX_PRIORITY = 7;
/** Profile qemu: a write of 0 to vinterrupts withdraws sources 0x80 to 0x8f. */
const QEMU_WITHDRAWN = 16;

export class Plic implements Device {
  readonly name = 'plic';
  readonly size = 0x0400_0000;

  private readonly contexts: readonly PlicContext[];
  private readonly sources: number;
  private readonly priority: Uint8Array;
  private readonly pending: Uint8Array;
  /** Latched and not yet completed. */
  private readonly inFlight: Uint8Array;
  private readonly line: Uint8Array;
  private readonly enabled: Uint8Array[];
  private readonly threshold: Uint8Array;
  /** Register vinterrupts: bit i drives source vintBase + i. */
  private virtualLines = 0;

  constructor(
    private readonly config: { harts: number; dvext: Profile },
    /** Drives an interrupt line of a hart: bit of mip, level. */
    private readonly drive: (hart: number, interrupt: number, high: boolean) => void,
  ) {
    this.contexts = plicContexts(config);
    this.sources = plicSources(config);
    const perSource = (): Uint8Array => new Uint8Array(this.sources + 1);
    this.priority = perSource();
    this.pending = perSource();
    this.inFlight = perSource();
    this.line = perSource();
    this.enabled = this.contexts.map(perSource);
    this.threshold = new Uint8Array(this.contexts.length);
  }

  /** The wire of hardware source `source`. */
  setLine(source: number, high: boolean): void {
    this.line[source] = high ? 1 : 0;
    this.latch();
    this.update();
  }

  load(offset: number, size: AccessSize): bigint | undefined {
    if (size === 8) {
      const low = this.read(offset);
      return low | (this.read(offset + 4) << 32n);
    }
    return size === 4 ? this.read(offset) : undefined;
  }

  store(offset: number, size: AccessSize, value: bigint): boolean {
    if (size < 4) return false;
    if (offset === VINTERRUPTS && this.config.dvext === 'qemu') this.selectSource(value);
    else {
      this.write(offset, Number(value & 0xffff_ffffn));
      if (size === 8) this.write(offset + 4, Number(value >> 32n));
    }
    this.latch();
    this.update();
    return true;
  }

  state(): DeviceState {
    const { priority, pending, inFlight, line, enabled, threshold, virtualLines } = this;
    return [priority, pending, inFlight, line, enabled.slice(), threshold, virtualLines];
  }

  /** The lines it drives are in the harts' areas. */
  restore(state: DeviceState): void {
    const [priority, pending, inFlight, line, enabled, threshold, virtualLines] = fieldsOf(state, 7);
    restoreBytes(this.priority, priority);
    restoreBytes(this.pending, pending);
    restoreBytes(this.inFlight, inFlight);
    restoreBytes(this.line, line);
    const sets = fieldsOf(enabled, this.enabled.length);
    this.enabled.forEach((set, context) => restoreBytes(set, sets[context]));
    restoreBytes(this.threshold, threshold);
    this.virtualLines = numberOf(virtualLines);
  }

  private read(offset: number): bigint {
    if (offset < PENDING) return BigInt(this.priority[offset >> 2] ?? 0);
    if (offset < ENABLES) return this.bits(this.pending, (offset - PENDING) * 8);
    if (offset < CONTEXTS) {
      const context = Math.floor((offset - ENABLES) / ENABLE_STRIDE);
      return this.bits(this.enabled[context], ((offset - ENABLES) % ENABLE_STRIDE) * 8);
    }
    if (offset === VINTERRUPTS)
      return this.config.dvext === 'rocket' || this.config.dvext === 'strict' ? BigInt(this.virtualLines >>> 0) : 0n;
    const context = Math.floor((offset - CONTEXTS) / CONTEXT_STRIDE);
    if (context >= this.contexts.length) return 0n;
    const register = (offset - CONTEXTS) % CONTEXT_STRIDE;
    if (register === 0) return BigInt(this.threshold[context] ?? 0);
    return register === 4 ? BigInt(this.claim(context)) : 0n;
  }

  private write(offset: number, value: number): void {
    if (offset < PENDING) {
      const source = offset >> 2;
      if (source >= 1 && source <= this.sources) this.priority[source] = value & MAX_PRIORITY;
    } else if (offset < ENABLES) {
      // Pending bits are read-only.
    } else if (offset < CONTEXTS) {
      const enabled = this.enabled[Math.floor((offset - ENABLES) / ENABLE_STRIDE)];
      const first = ((offset - ENABLES) % ENABLE_STRIDE) * 8;
      for (let bit = 0; bit < 32 && enabled !== undefined; bit += 1)
        if (first + bit >= 1 && first + bit <= this.sources) enabled[first + bit] = (value >>> bit) & 1;
    } else if (offset === VINTERRUPTS) {
      if (this.config.dvext === 'rocket') this.virtualLines = value | 0;
      if (this.config.dvext === 'strict') this.virtualLines |= value;
    } else {
      const context = Math.floor((offset - CONTEXTS) / CONTEXT_STRIDE);
      const register = (offset - CONTEXTS) % CONTEXT_STRIDE;
      if (context >= this.contexts.length) return;
      if (register === 0) this.threshold[context] = value & MAX_PRIORITY;
      // A completion by a context that does not enable the source is ignored.
      if (register === 4 && this.enabled[context]?.[value] === 1) this.inFlight[value] = 0;
    }
  }

  /** Profile qemu: the lowest set bit selects the one source that becomes pending; 0 withdraws. */
  private selectSource(value: bigint): void {
    const base = vintBase('qemu');
    if (value === 0n) {
      for (let source = base; source < base + QEMU_WITHDRAWN; source += 1)
        this.pending[source] = this.inFlight[source] = 0;
      return;
    }
    let bit = 0;
    while (((value >> BigInt(bit)) & 1n) === 0n) bit += 1;
    this.pending[base + bit] = 1;
    this.inFlight[base + bit] = 1;
  }

  /** Gateways: latches every high line whose source is not in flight. */
  private latch(): void {
    const base = vintBase(this.config.dvext);
    for (let source = 1; source <= this.sources; source += 1) {
      const bit = source - base;
      const virtual = bit >= 0 && bit < 32 && ((this.virtualLines >>> bit) & 1) !== 0;
      if ((this.line[source] === 1 || virtual) && this.inFlight[source] === 0) {
        this.pending[source] = 1;
        this.inFlight[source] = 1;
      }
    }
  }

  private claim(context: number): number {
    const { source } = this.best(context);
    if (source === 0) return 0;
    this.pending[source] = 0;
    const bit = source - vintBase(this.config.dvext);
    // dv-ext.md 10: the bit of vinterrupts clears itself when its source is claimed.
    if (bit >= 0 && bit < 32) this.virtualLines &= ~(1 << bit);
    this.update();
    return source;
  }

  /** Of the pending sources that `context` enables, the one of highest priority, the lowest number first; 0 = none. */
  private best(context: number): { source: number; priority: number } {
    const enabled = this.enabled[context];
    let source = 0;
    let priority = 0;
    for (let candidate = 1; candidate <= this.sources; candidate += 1) {
      const its = this.priority[candidate] ?? 0;
      if (this.pending[candidate] === 1 && enabled?.[candidate] === 1 && its > priority) {
        source = candidate;
        priority = its;
      }
    }
    return { source, priority };
  }

  private update(): void {
    this.contexts.forEach(({ hart, interrupt }, context) => {
      this.drive(hart, interrupt, this.best(context).priority > (this.threshold[context] ?? 0));
    });
  }

  /** 32 bits of a per-source array, from source `first`. */
  private bits(values: Uint8Array | undefined, first: number): bigint {
    let word = 0;
    for (let bit = 0; bit < 32; bit += 1) if (values?.[first + bit] === 1) word |= 1 << bit;
    return BigInt(word >>> 0);
  }
}
