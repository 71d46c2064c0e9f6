/** Where RAM lies: physically, and in linear memory. */
import { M_RAM_BASE, M_RAM_LINEAR, M_RAM_SIZE } from '../src/hart/layout';

/** Is [pa, pa + size) RAM? */
@inline
export function isRam(pa: u64, size: u64): bool {
  const offset = pa - load<u64>(M_RAM_BASE);
  const ram = load<u64>(M_RAM_SIZE);
  return offset < ram && size <= ram - offset;
}

/** Linear address of a RAM byte. */
@inline
export function linearOf(pa: u64): usize {
  return usize(load<i32>(M_RAM_LINEAR) + i32(pa - load<u64>(M_RAM_BASE)));
}
