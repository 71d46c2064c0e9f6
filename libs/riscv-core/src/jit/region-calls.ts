/** Functions that compiled regions call: slow paths with the account brought up to date around them, and timing events. */
import { JIT_ACCOUNT, CODE_BASE } from '../hart/layout.js';
import {
  call,
  get,
  mem,
  op,
  type Code,
  type FunctionType,
  type ModuleBuilder,
  type ValueType,
} from '../wasm/module-builder.js';
import type { CoreImports } from '../interp/handler-semantics.js';
import { openCode, spillCode, type AccountFunctions } from './account.js';

/** (h, pc, account): a region. Gives the pc and the account with which execution goes on; see PC_* for the pc. */
export const regionType: FunctionType = { params: ['i32', 'i64', 'i64'], results: ['i64', 'i64'] };
/** The pc that a region returns has bit 0 set when a yield point wants a poll; all ones: memory holds the state, poll. */
export const PC_IN_MEMORY = -1n;

const slow = (params: readonly ValueType[], results: readonly ValueType[]): FunctionType => ({
  params: ['i32', 'i64', 'i64', ...params],
  results,
});

/** Of the module `support`: all take (h, pc, account) first; after those of slow paths JIT_ACCOUNT is the new account. */
export const supportTypes = {
  load: slow(['i64', 'i32', 'i32'], ['i64']),
  store: slow(['i64', 'i64', 'i32', 'i32'], []),
  amo: slow(['i64', 'i64', 'i32', 'i32'], ['i64']),
  lr: slow(['i64', 'i32', 'i32'], ['i64']),
  sc: slow(['i64', 'i64', 'i32', 'i32'], ['i64']),
  /** (operation, rec) */
  float: slow(['i32', 'i32'], []),
  /** (writes, rec) */
  floatAccess: slow(['i32', 'i32'], []),
  /** (operation, rec) */
  system: slow(['i32', 'i32'], []),
  /** (slot) -> account. */
  fetchLine: slow(['i32'], ['i64']),
} as const;

/** Of the core module. */
export const eventTypes = {
  t_branch: { params: ['i32', 'i64', 'i32', 'i32', 'i64'], results: ['i32'] },
  t_jal: { params: ['i32', 'i64', 'i32', 'i64', 'i32'], results: ['i32'] },
  t_jalr: { params: ['i32', 'i64', 'i32', 'i64', 'i32', 'i32'], results: ['i32'] },
  t_site: { params: ['i32', 'i64', 'i32', 'i32'], results: [] },
  t_sites_of_page: { params: ['i32', 'i32', 'i64'], results: [] },
  t_muldiv: { params: ['i32', 'i32', 'i64', 'i64', 'i32'], results: ['i32'] },
} as const satisfies Record<string, FunctionType>;

export type RegionCalls = Readonly<Record<keyof typeof supportTypes | keyof typeof eventTypes, number>>;

export function importRegionCalls(module: ModuleBuilder): RegionCalls {
  const of = (from: string, types: Readonly<Record<string, FunctionType>>): [string, number][] =>
    Object.entries(types).map(([name, type]) => [name, module.importFunction(from, name, type)]);
  return Object.fromEntries([...of('support', supportTypes), ...of('core', eventTypes)]) as RegionCalls;
}

/** Adds the support functions, under the names of {@link supportTypes}, to the module that has the core's. */
export function addSupport(module: ModuleBuilder, core: CoreImports, account: AccountFunctions): void {
  const [h] = [0];
  const spill: Code = [...get(0), ...get(1), ...get(2), ...call(account.spill)];
  const reopen: Code = [...get(h), ...get(h), ...call(account.open), ...mem('i64_store', JIT_ACCOUNT)];
  const wrap = (name: 'load' | 'store' | 'amo' | 'lr' | 'sc'): void => {
    const type = supportTypes[name];
    const rest = type.params.slice(3).flatMap((_, i) => get(3 + i));
    // Written out: a call of each would be a tenth of what a miss of the filters takes.
    const [cycle, deadline] = [type.params.length, type.params.length + 1];
    const body: Code = [
      ...spillCode(0, 1, 2), ...get(h), ...rest, ...call(core[name]),
      ...get(h), ...openCode(h, cycle, deadline), ...mem('i64_store', JIT_ACCOUNT),
    ]; // prettier-ignore
    // A result stays below on the stack.
    module.addFunction(name, type, ['i64', 'i64'], body);
  };
  wrap('load');
  wrap('store');
  wrap('amo');
  wrap('lr');
  wrap('sc');
  // Whether they trapped is in EVENT too.
  for (const name of ['float', 'floatAccess'] as const)
    module.addFunction(name, supportTypes[name], [], [
      ...spill, ...get(h), ...get(3), ...get(4), ...call(core[name]), ...op.drop, ...reopen,
    ]); // prettier-ignore
  module.addFunction('system', supportTypes.system, [], [
    ...spill, ...get(h), ...get(3), ...get(4), ...call(core.system),
  ]); // prettier-ignore
  module.addFunction('fetchLine', supportTypes.fetchLine, [], [
    ...spill, ...get(h), ...get(3), ...mem('i32_store', CODE_BASE),
    ...get(h), ...get(1), ...call(core.fetchLine), ...get(h), ...call(account.open),
  ]); // prettier-ignore
}
