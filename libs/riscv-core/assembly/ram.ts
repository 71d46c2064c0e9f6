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

/** `size` bytes at a linear address, zero-extended. */
@inline
export function loadLinear(at: usize, size: i32): u64 {
  switch (size) {
    case 1:
      return load<u8>(at);
    case 2:
      return load<u16>(at);
    case 4:
      return load<u32>(at);
    default:
      return load<u64>(at);
  }
}

@inline
export function storeLinear(at: usize, size: i32, value: u64): void {
  switch (size) {
    case 1:
      store<u8>(at, u8(value));
      break;
    case 2:
      store<u16>(at, u16(value));
      break;
    case 4:
      store<i32>(at, i32(value));
      break;
    default:
      store<u64>(at, value);
  }
}
