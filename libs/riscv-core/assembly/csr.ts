/** CSR instructions (Zicsr). */
import { CSRD_FLAGS, CSRD_KIND, CSRF_DV_VIRQ, DVEXT_ROCKET, REC_RAW, REC_RD, REC_RS1, X } from '../src/hart/layout';
import { CAUSE_STORE_ACCESS } from '../src/isa/causes';
import { CSRK_TIME_RO, CSRK_VIPI } from '../src/isa/csr-kinds';
import { SYS_CSRRC, SYS_CSRRCI, SYS_CSRRS, SYS_CSRRSI, SYS_CSRRW, SYS_CSRRWI } from '../src/isa/sysops';
import { ALLOWED, USE_MODIFY, USE_READ, USE_WRITE, checkAccess, descriptor, effectiveNumber } from './csr-access';
import { readCsr, readForModify, vipiIndex } from './csr-read';
import { writeCsr } from './csr-write';
import { refusedIdentity, vipiRefuses } from './dvirq';
import { dvext, retire } from './state';
import { timeMmio } from './timing-calls';
import { raise, refuse } from './trap';

/** Executes `op` (SYS_CSRR*) of record `rec`: rd, pc and retirement included. */
export function csrInstruction(h: usize, op: i32, rec: usize): void {
  const number = i32(load<u32>(rec, REC_RAW) >> 20);
  const source = load<u8>(rec, REC_RS1);
  const immediate = op >= SYS_CSRRWI;
  const operand: u64 = immediate ? source : source == 0 ? 0 : load<u64>(h + X + i32(source) * 8);
  const isWrite = op == SYS_CSRRW || op == SYS_CSRRWI;
  // csrrs, csrrc with x0 or a zero immediate do not write at all.
  const use = isWrite ? USE_WRITE : source == 0 ? USE_READ : USE_MODIFY;

  const cause = checkAccess(h, number, use, op == SYS_CSRRS && source == 0);
  if (cause != ALLOWED) return refuse(h, cause, rec);

  const real = effectiveNumber(h, number);
  const kind = load<i32>(descriptor(real), CSRD_KIND);
  if (kind == CSRK_VIPI && use == USE_MODIFY && vipiRefuses(h, vipiIndex(number), operand)) {
    return raise(h, CAUSE_STORE_ACCESS, refusedIdentity, false, 0);
  }
  // dv-ext.md 8 and 15: these registers lie in the CLINT, behind the uncached path.
  const remote =
    (load<i32>(descriptor(real), CSRD_FLAGS) & CSRF_DV_VIRQ) != 0 || (kind == CSRK_TIME_RO && dvext() == DVEXT_ROCKET);
  if (remote) timeMmio(h, use != USE_READ);
  const old = readCsr(h, real);
  if (use != USE_READ) {
    const from = isWrite ? 0 : readForModify(h, real, old);
    let value = operand;
    if (op == SYS_CSRRS || op == SYS_CSRRSI) value = from | operand;
    else if (op == SYS_CSRRC || op == SYS_CSRRCI) value = from & ~operand;
    writeCsr(h, real, value);
  }
  store<u64>(h + X + i32(load<u8>(rec, REC_RD)) * 8, old);
  retire(h, rec);
}
