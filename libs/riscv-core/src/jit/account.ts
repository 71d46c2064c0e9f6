/**
 * How compiled code keeps its clock: one i64, the account. Its upper half is cycles minus the cycles until the next look at
 * the clock (JIT_DEADLINE), negative while there is time left; its lower half counts instructions. So a block is charged
 * by one addition, and a yield point is one comparison with 0.
 *
 * The hart area holds PC, CYCLE and INSTRET as they were when the account was opened; `spill` brings them up to date.
 */
import { CYCLE, INSTRET, JIT_DEADLINE, PC, STOPAT } from '../hart/layout.js';
import { get, i64, mem, op, set, tee, type Code, type ModuleBuilder } from '../wasm/module-builder.js';

/** Longest way to the next look at the clock: an account's upper half is 32 bits. */
const LONGEST = 1n << 30n;

/** What `cycles` and `instructions` add to an account. */
export function accountOf(cycles: number, instructions: number): bigint {
  return (BigInt(cycles) << 32n) + BigInt(instructions);
}

export interface AccountFunctions {
  /** (h, pc, account): PC, CYCLE, INSTRET up to date. The account is closed. */
  readonly spill: number;
  /** (h) -> account: opens one. */
  readonly open: number;
}

/** What `spill` does, with the numbers of the locals. */
export function spillCode(h: number, pc: number, account: number): Code {
  return [
    ...get(h), ...get(pc), ...mem('i64_store', PC),
    ...get(h), ...get(h), ...mem('i64_load', JIT_DEADLINE), ...get(account), ...i64(32n), ...op.i64_shr_s, ...op.i64_add,
    ...mem('i64_store', CYCLE),
    ...get(h), ...get(h), ...mem('i64_load', INSTRET), ...get(account), ...i64(0xffff_ffffn), ...op.i64_and, ...op.i64_add,
    ...mem('i64_store', INSTRET),
  ]; // prettier-ignore
}

/** What `open` does, with the numbers of the locals; `cycle` and `deadline` are for its use (i64). */
export function openCode(h: number, cycle: number, deadline: number): Code {
  return [
    ...get(h), ...mem('i64_load', CYCLE), ...tee(cycle), ...i64(LONGEST), ...op.i64_add, ...set(deadline),
    ...get(h),
    ...get(h), ...mem('i64_load', STOPAT), ...get(deadline),
    ...get(h), ...mem('i64_load', STOPAT), ...get(deadline), ...op.i64_lt_u, ...op.select, ...tee(deadline),
    ...mem('i64_store', JIT_DEADLINE),
    ...get(cycle), ...get(deadline), ...op.i64_sub, ...i64(32n), ...op.i64_shl,
  ]; // prettier-ignore
}

export function addAccountFunctions(module: ModuleBuilder): AccountFunctions {
  return {
    spill: module.addFunction('spill', { params: ['i32', 'i64', 'i64'], results: [] }, [], spillCode(0, 1, 2)),
    open: module.addFunction('open', { params: ['i32'], results: ['i64'] }, ['i64', 'i64'], openCode(0, 1, 2)),
  };
}
