/** Profile rocket: the 0x77-opcode instructions of [R] for virtual timer, vCPU identity and vIPI (dv-ext.md 2.5, 8, 9). */
import {
  DVEXT_ROCKET,
  HART_ID,
  M_VCPUID,
  M_VIPI,
  M_VTIMECMP,
  M_VTIMECTL,
  REC_IMM,
  REC_RD,
  REC_RS2,
  X,
} from '../src/hart/layout';
import { CSRK_VCPUID, CSRK_VIPI, CSRK_VTIMECMP, CSRK_VTIMECTL } from '../src/isa/csr-kinds';
import {
  DVREG_VCPUID,
  DVREG_VIPI0,
  DVREG_VTIMECMP,
  DVREG_VTIMECTL,
  SYS_DV_CLEAR,
  SYS_DV_READ,
  SYS_DV_SET,
} from '../src/isa/sysops';
import { VCPUID_MASK, VTIMECTL_MASK } from './clint';
import { ALLOWED, USE_MODIFY, USE_READ, checkVirtualInterrupts } from './csr-access';
import { dvext, retire } from './state';
import { timeMmio } from './timing-calls';
import { illegal, refuse } from './trap';

/** Canonical CSR number of the register: what a hole is booked under. */
function canonicalNumber(register: i32): i32 {
  switch (register) {
    case DVREG_VTIMECMP:
      return 0x8d0;
    case DVREG_VTIMECTL:
      return 0x8d1;
    case DVREG_VCPUID:
      return 0x8d8;
    default:
      return 0x8dc + register - DVREG_VIPI0;
  }
}

export function dvRegister(h: usize, op: i32, rec: usize): void {
  if (dvext() != DVEXT_ROCKET) return illegal(h, rec);
  const register = load<i32>(rec, REC_IMM);
  const own = load<i32>(h, HART_ID) * 8;
  let kind: i32 = CSRK_VIPI;
  let at: usize = M_VIPI + (register - DVREG_VIPI0) * 8;
  let mask = u64.MAX_VALUE;
  if (register == DVREG_VTIMECMP) {
    kind = CSRK_VTIMECMP;
    at = M_VTIMECMP + own;
  } else if (register == DVREG_VTIMECTL) {
    kind = CSRK_VTIMECTL;
    at = M_VTIMECTL + own;
    mask = VTIMECTL_MASK;
  } else if (register == DVREG_VCPUID) {
    kind = CSRK_VCPUID;
    at = M_VCPUID + own;
    mask = VCPUID_MASK;
  }
  const isRead = op == SYS_DV_READ;
  const cause = checkVirtualInterrupts(h, canonicalNumber(register), kind, isRead ? USE_READ : USE_MODIFY);
  if (cause != ALLOWED) return refuse(h, cause, rec);

  timeMmio(h, !isRead);
  const old = load<u64>(at);
  if (isRead) {
    store<u64>(h + X + i32(load<u8>(rec, REC_RD)) * 8, old);
  } else {
    const source = i32(load<u8>(rec, REC_RS2));
    const operand: u64 = source == 0 ? 0 : load<u64>(h + X + source * 8);
    let value = operand;
    if (op == SYS_DV_SET) value = old | operand;
    // Software passes the complement of the bits to clear.
    else if (op == SYS_DV_CLEAR) value = old & operand;
    store<u64>(at, value & mask);
  }
  retire(h, rec);
}
