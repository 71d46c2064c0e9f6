/** When a sleeping hart's timer lines rise next: the only things that can wake a machine in which every hart sleeps. */
import * as L from '../hart/layout.js';
import {
  CSR_HENVCFG,
  CSR_HTIMEDELTA,
  CSR_HUTIMEDELTA,
  CSR_MENVCFG,
  CSR_STIMECMP,
  CSR_VSTIMECMP,
} from '../hart/csr-slots.js';
import { IRQ_UTI, IRQ_VSTI } from '../isa/causes.js';
import { hartArea, type LinearMemory } from './linear-memory.js';

const STCE = 1n << 63n;
const MASK = (1n << 64n) - 1n;
/** Later than any simulation: 2^53 cycles. */
const NEVER = BigInt(Number.MAX_SAFE_INTEGER);

/** Core cycle at which a timer line of `hart` rises, undefined = none will without software's doing. */
export function nextTimerCycle(memory: LinearMemory, hart: number): number | undefined {
  const cyclesPerTick = memory.u64(L.M_CYCLES_PER_TICK);
  const offset = memory.u64(L.M_MTIME_OFFSET);
  const cycle = memory.u64(hartArea(hart) + L.CYCLE);
  const mtime = (cycle / cyclesPerTick + offset) & MASK;

  const register = (slot: number): bigint => memory.u64(hartArea(hart) + slot);
  /** Ticks until mtime + delta reaches `compare`; undefined when it has. */
  const wait = (compare: bigint, delta: bigint): bigint | undefined => {
    const now = (mtime + delta) & MASK;
    return now >= compare ? undefined : compare - now;
  };
  const waits = [wait(memory.u64(L.M_MTIMECMP + 8 * hart), 0n)];
  const profile = memory.u32(L.M_DVEXT);
  const control = memory.u64(L.M_VTIMECTL + 8 * hart);
  const interrupt = Number((control >> 1n) & 63n);
  const drivesLine = interrupt === 0 || interrupt === IRQ_UTI || interrupt === IRQ_VSTI;
  if (profile !== L.DVEXT_NONE && (control & 1n) === 1n && drivesLine) {
    // dv-ext.md 8: the comparison takes hutimedelta into account in profiles qemu and strict.
    const delta = profile === L.DVEXT_ROCKET ? 0n : register(CSR_HUTIMEDELTA);
    waits.push(wait(memory.u64(L.M_VTIMECMP + 8 * hart), delta));
  }
  if ((memory.u32(L.M_EXTENSIONS) & L.MEXT_SSTC) !== 0 && (register(CSR_MENVCFG) & STCE) !== 0n) {
    waits.push(wait(register(CSR_STIMECMP), 0n));
    // Reset and machines without H leave henvcfg at 0.
    const guest = profile === L.DVEXT_ROCKET ? 0n : register(CSR_HTIMEDELTA) + register(CSR_HUTIMEDELTA);
    if ((register(CSR_HENVCFG) & STCE) !== 0n) waits.push(wait(register(CSR_VSTIMECMP), guest));
  }
  const ticks = waits.filter((ticksLeft) => ticksLeft !== undefined).sort((a, b) => (a < b ? -1 : 1))[0];
  if (ticks === undefined) return undefined;
  const at = (cycle / cyclesPerTick + ticks) * cyclesPerTick;
  return at < NEVER ? Number(at) : undefined;
}
