/** What a physical address reads and writes: RAM, the CLINT, or a device behind the machine's bus. */
import * as L from '../hart/layout.js';
import type { AccessSize, MachineHost } from '../machine/engine.js';
import { clintSize, loadClint, storeClint } from './clint.js';
import type { HartState, MachineState } from './state.js';
import { memoryMap } from '../machine/memory-map.js';

const CLINT_BASE = BigInt(memoryMap.clint.base);

export class PhysicalMemory {
  constructor(
    private readonly machine: MachineState,
    private readonly host: MachineHost,
  ) {}

  /** Are all bytes RAM? */
  isRam(pa: bigint, size: number): boolean {
    const offset = pa - this.machine.ramBase;
    return offset >= 0n && offset + BigInt(size) <= this.machine.ramSize;
  }

  /** Little-endian, zero-extended; `pa` must be RAM. */
  readRam(pa: bigint, size: number): bigint {
    const at = this.linear(pa);
    const { view } = this.machine;
    switch (size) {
      case 2:
        return BigInt(view.getUint16(at, true));
      case 4:
        return BigInt(view.getUint32(at, true));
      case 8:
        return view.getBigUint64(at, true);
      default: {
        // One byte, or a piece of a misaligned access.
        let value = 0n;
        for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i));
        return value;
      }
    }
  }

  writeRam(pa: bigint, size: number, value: bigint): void {
    const at = this.linear(pa);
    for (let i = 0; i < size; i++) this.machine.view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn));
  }

  /** Load from outside RAM; undefined = nothing there. */
  loadDevice(hart: HartState, pa: bigint, size: number): bigint | undefined {
    const clint = this.clintOffset(pa);
    if (clint !== undefined) return loadClint(this.machine, hart, clint, size);
    if (pa >= this.machine.get64(L.M_PHYS_LIMIT)) return undefined;
    return this.host.load(Number(pa), size as AccessSize);
  }

  /** Store outside RAM; false = nothing there. */
  storeDevice(hart: HartState, pa: bigint, size: number, value: bigint): boolean {
    const clint = this.clintOffset(pa);
    if (clint !== undefined) return storeClint(this.machine, hart, clint, size, value);
    if (pa >= this.machine.get64(L.M_PHYS_LIMIT)) return false;
    return this.host.store(Number(pa), size as AccessSize, BigInt.asUintN(8 * size, value));
  }

  /** Tells the host when the store hit the HTIF word; true = it did, and the access is a yielding one. */
  noticeTohost(pa: bigint, size: number): boolean {
    const tohost = this.machine.get64(L.M_HTIF_TOHOST);
    if (tohost === 0n) return false;
    const at = BigInt(this.linear(pa));
    if (at + BigInt(size) <= tohost || at >= tohost + 8n) return false;
    this.host.tohost();
    return true;
  }

  private clintOffset(pa: bigint): number | undefined {
    const offset = pa - CLINT_BASE;
    return offset >= 0n && offset < BigInt(clintSize(this.machine)) ? Number(offset) : undefined;
  }

  private linear(pa: bigint): number {
    return this.machine.ramLinear + Number(pa - this.machine.ramBase);
  }
}
