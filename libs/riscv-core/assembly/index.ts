/**
 * The core module: everything about a hart that is neither decoding nor plain computation, written once and called by the
 * interpreter and, for tests, by TypeScript (src/core/core-module.ts has the types).
 *
 * Protocol. Before a call the engine puts PC (of the instruction), CYCLE and INSTRET (before it) into the hart area; after it,
 * it reads them back. EVENT, which the engine clears, then says how the slow paths load, store, amo, lr, sc ended:
 *   EVENT_NONE   done: the engine finishes the instruction (rd, pc, instret, static cost)
 *   EVENT_TRAP   a trap was taken: pc and mode are the handler's, nothing retired
 *   EVENT_DONE   done and the instruction is finished, too
 * After the last two, after `system` and `illegal`, and when code_lookup or fetch_cross return 0, the engine polls and looks its
 * code up again. `system` always finishes its instruction or takes a trap. A dynamic cost is in CYCLE when a call returns.
 */
import { trPa, translate } from './mmu';

export { slowLoad as load, slowStore as store } from './slow-paths';
export { amo, loadReserved as lr, storeConditional as sc } from './atomics';
export { system } from './system';
export { illegal, raise } from './trap';
export { float, floatAccess as float_access } from './float/execute';
export { codeLookup as code_lookup, fetchCross as fetch_cross, fetchLine as fetch_line } from './code';
export { doomAllCode as drop_all_code, memoryWritten as memory_written } from './stale-code';
export { poll, nextTimer as next_timer } from './poll';
export {
  answerAllRequests as answer_all_requests,
  answerRequests as answer_requests,
  requestsOfTurn as requests_of_turn,
  turnsBegin as turns_begin,
  turnNext as turn_next,
  turnEnded as turn_ended,
  turnOver as turn_over,
} from './turns';
export { refreshHart as refresh_hart } from './derived';
export { pending } from './irq';
export { mtime } from './clock';
export { pmpAllows as pmp_allows } from './pmp';
export { translate };
export { readCsr as read_csr } from './csr-read';
export { writeCsr as write_csr } from './csr-write';
export {
  t_branch,
  t_data,
  t_dma,
  t_fetch,
  t_flush_icache,
  t_flush_tlb,
  t_jal,
  t_jalr,
  t_mmio,
  t_muldiv,
  t_reserve,
  t_reset,
  t_settle,
  t_site,
  t_sites_of_page,
  t_tlb,
  t_tlb_fault,
  t_trap,
} from './timing/api';

/** Physical address of the last translate() that returned 0. */
export function translated(): u64 {
  return trPa;
}
