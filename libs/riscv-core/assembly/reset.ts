/** State of a hart after reset, and of what is derived from it. */
import {
  CORE_CONTEXT_KEYS, CORE_CONTEXT_KEY_SIZE, CONTEXTS, CORE_PMP_RANGES, CORE_PMP_RANGE_SIZE, HART_ID, INSTRET_LIMIT, M_MTIMECMP,
  M_VTIMECMP, PRV, PRV_M, TURN_END,
} from "../src/hart/layout";
import { CSR_HSTATUS, CSR_VSSTATUS } from "../src/hart/csr-slots";
import { selectContext } from "./context";
import { HSTATUS_VSXL_64, STATUS_UXL_64 } from "./fields";
import { refreshPmp } from "./pmp";
import { hasH, setCsr } from "./state";

const STATE_SIZE: usize = CORE_PMP_RANGES + 16 * CORE_PMP_RANGE_SIZE;

/** M-mode, everything 0 but: both compare registers all ones (dv-ext.md 2.6), VSXL and UXL. The pc is the caller's. */
export function resetHart(h: usize, id: i32): void {
  memory.fill(h, 0, STATE_SIZE);
  store<i32>(h, id, HART_ID);
  store<i32>(h, PRV_M, PRV);
  store<u64>(h, u64.MAX_VALUE, TURN_END);
  store<u64>(h, u64.MAX_VALUE, INSTRET_LIMIT);
  store<u64>(M_MTIMECMP + id * 8, u64.MAX_VALUE);
  store<u64>(M_VTIMECMP + id * 8, u64.MAX_VALUE);
  if (hasH()) {
    setCsr(h, CSR_HSTATUS, HSTATUS_VSXL_64);
    setCsr(h, CSR_VSSTATUS, STATUS_UXL_64);
  }
  refreshHart(h);
}

/** Recomputes what is derived from registers after they were changed from outside: PMP ranges, contexts. */
export function refreshHart(h: usize): void {
  memory.fill(h + CORE_CONTEXT_KEYS, 0xff, CONTEXTS * CORE_CONTEXT_KEY_SIZE);
  refreshPmp(h);
  selectContext(h);
}
