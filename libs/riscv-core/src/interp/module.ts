/**
 * Generates the interpreter: one WebAssembly function that runs a hart until it must stop. Cold code, single steps and,
 * later, the middle of JIT regions run here.
 *
 *   loop resync     poll (interrupts, limits), reload the state that the core may have changed
 *     loop lookup   find the records of the pc's page, which may fault
 *       loop dispatch   jump to the handler of the next record
 */
import { CODE_SLOTS, EVENT, INSTRET, PC, REC_OP, STOPAT, STOP_NONE, STOP_TURN, TURNS_GO_ON } from '../hart/layout.js';
import { instructions } from '../isa/table.js';
import { addArithmeticHelpers } from '../wasm/arithmetic.js';
import {
  ModuleBuilder,
  br,
  brIf,
  brTable,
  call,
  get,
  i32,
  mem,
  op,
  set,
  tee,
  type Code,
  type FunctionType,
} from '../wasm/module-builder.js';
import {
  HandlerSemantics,
  flush,
  forgetLine,
  lineOfRecord,
  local,
  localTypes,
  recordOfPc,
  reloadCycle,
  type CoreImports,
  type Exits,
  type RegionHooks,
  type Variant,
} from './handler-semantics.js';
import { FIRST_INSN_OP, OP_PAGE_END } from './ops.js';

const { h, pc, cycle, instret, rec, base, op: opLocal, line, weight } = local;

/** What the beginning of a turn counts, in transfers to that place. */
const TURN_WEIGHT = 64;

function importCore(module: ModuleBuilder): CoreImports {
  const core = (name: string, type: FunctionType): number => module.importFunction('core', name, type);
  const env = (name: string, type: FunctionType): number => module.importFunction('env', name, type);
  return {
    load: core('load', { params: ['i32', 'i64', 'i32', 'i32'], results: ['i64'] }),
    store: core('store', { params: ['i32', 'i64', 'i64', 'i32', 'i32'], results: [] }),
    amo: core('amo', { params: ['i32', 'i64', 'i64', 'i32', 'i32'], results: ['i64'] }),
    lr: core('lr', { params: ['i32', 'i64', 'i32', 'i32'], results: ['i64'] }),
    sc: core('sc', { params: ['i32', 'i64', 'i64', 'i32', 'i32'], results: ['i64'] }),
    system: core('system', { params: ['i32', 'i32', 'i32'], results: [] }),
    float: core('float', { params: ['i32', 'i32', 'i32'], results: ['i32'] }),
    floatAccess: core('float_access', { params: ['i32', 'i32', 'i32'], results: ['i32'] }),
    illegal: core('illegal', { params: ['i32', 'i32'], results: [] }),
    codeLookup: core('code_lookup', { params: ['i32', 'i64'], results: ['i32'] }),
    fetchCross: core('fetch_cross', { params: ['i32', 'i64'], results: ['i32'] }),
    poll: core('poll', { params: ['i32'], results: ['i32'] }),
    turnNext: core('turn_next', { params: [], results: ['i32'] }),
    turnOver: core('turn_over', { params: ['i32'], results: ['i32'] }),
    turnEnded: core('turn_ended', { params: ['i32', 'i32'], results: ['i32'] }),
    fetchLine: core('fetch_line', { params: ['i32', 'i64'], results: [] }),
    tBranch: core('t_branch', { params: ['i32', 'i64', 'i32', 'i32', 'i64'], results: ['i32'] }),
    tJal: core('t_jal', { params: ['i32', 'i64', 'i32', 'i64', 'i32'], results: ['i32'] }),
    tJalr: core('t_jalr', { params: ['i32', 'i64', 'i32', 'i64', 'i32', 'i32'], results: ['i32'] }),
    tMuldiv: core('t_muldiv', { params: ['i32', 'i32', 'i64', 'i64', 'i32'], results: ['i32'] }),
    decode: env('decode', { params: ['i32', 'i32', 'i64'], results: [] }),
    probe: env('probe', { params: ['i32', 'i32', 'i64'], results: ['i32'] }),
  };
}

/** What the JIT adds to the interpreter: functions for its module, which regions call, and the handler that enters a region. */
export interface RegionSupport {
  /**
   * After addFunctions: function (hart area) -> STOP_TURN: the turn was made in compiled code and is over, or another number: `run` is to begin it or go on
   * with it.
   */
  readonly quickTurn: number;
  /** Before the first function. */
  declareImports(module: ModuleBuilder): void;
  addFunctions(module: ModuleBuilder, core: CoreImports): RegionHooks;
  /** The handler of OP_REGION. */
  handler(exits: Exits): Code;
  /** Behind a poll, the state in memory and in locals alike: enters the region that the jump table has for the pc. `resync`: label. */
  resume(resync: number): Code;
}

/** The interpreter for one machine's memory; `filterShift` as M_FILTER_SHIFT. */
export function buildInterpreterModule(
  memoryPages: number,
  filterShift: number,
  timing: { readonly timed: boolean },
  support?: RegionSupport,
): Uint8Array<ArrayBuffer> {
  if (CODE_SLOTS % 512 !== 0) throw new Error('code slots must start on a record line');
  const module = new ModuleBuilder(memoryPages);
  const core = importCore(module);
  support?.declareImports(module);
  const helpers = addArithmeticHelpers(module);
  const regions = support?.addFunctions(module, core);
  const variant: Variant = { timed: timing.timed, ...(regions === undefined ? {} : { regions }) };

  const handlerCount = FIRST_INSN_OP + instructions.length;
  /** Inside handler i the blocks of the handlers after it are still open, then the loops. */
  const exitsOf = (handler: number): Exits & { readonly again: number } => {
    const open = handlerCount - 1 - handler;
    return { again: open, dispatch: open + 1, lookup: open + 2, resync: open + 3 };
  };

  const special: Code[] = [];
  for (let i = 0; i < FIRST_INSN_OP; i++) special.push(specialHandler(i, core, exitsOf(i), support));
  const handlers = [
    ...special,
    ...instructions.map((row, i) =>
      new HandlerSemantics(helpers, core, variant, filterShift, exitsOf(FIRST_INSN_OP + i), row).body(),
    ),
  ];

  const body: number[] = [];
  const emit = (...parts: Code[]): void => {
    for (const part of parts) for (const byte of part) body.push(byte);
  };

  // Where a turn begins counts for more (JIT): a loop that always runs into the end of a turn is entered in its middle.
  if (regions !== undefined) emit(i32(TURN_WEIGHT), set(weight));
  emit(op.loop); // resync
  emit(get(h), i32(0), mem('i32_store', EVENT));
  emit(get(h), call(core.poll), tee(opLocal), op.if, get(opLocal), op.return, op.end);
  emit(get(h), mem('i64_load', PC), set(pc));
  emit(reloadCycle, get(h), mem('i64_load', INSTRET), set(instret));

  if (support !== undefined) emit(support.resume(0));

  emit(op.loop); // lookup
  emit(flush, get(h), get(pc), call(core.codeLookup), tee(base), op.i32_eqz, brIf(1));
  emit(reloadCycle, forgetLine, recordOfPc);
  if (regions !== undefined) {
    emit(get(h), get(rec), get(base), get(weight), call(regions.count), i32(1), set(weight));
  }

  emit(op.loop); // dispatch
  if (variant.timed) {
    emit(lineOfRecord, get(line), op.i32_ne, op.ifUnlikely);
    // Behind the page's last record the pc is in a page that has not been looked up yet: no fetch from there.
    emit(get(rec), mem('i32_load16_u', REC_OP), i32(OP_PAGE_END), op.i32_ne, op.if);
    emit(flush, get(h), get(pc), call(core.fetchLine), reloadCycle, lineOfRecord, set(line));
    emit(op.end, op.end);
  }
  emit(get(rec), mem('i32_load16_u', REC_OP), set(opLocal));

  emit(op.loop); // again: the handler of another op for the same record
  for (let i = 0; i < handlerCount; i++) emit(op.block);
  emit(
    get(opLocal),
    brTable(
      Array.from({ length: handlerCount }, (_, i) => i),
      handlerCount - 1,
    ),
  );
  for (const handler of handlers) emit(op.end, handler);
  emit(op.end, op.end, op.end, op.end); // again, dispatch, lookup, resync
  emit(op.unreachable);

  const run = module.addFunction('run', { params: ['i32'], results: ['i32'] }, localTypes, body);
  addTurns(module, core, run, support);
  return module.build();
}

/** `turns`: turns of all harts by turns_begin's rule; the result of turn_ended that ended them. */
function addTurns(module: ModuleBuilder, core: CoreImports, run: number, support: RegionSupport | undefined): void {
  const [hart, reason] = [0, 1];
  module.addFunction('turns', { params: [], results: ['i32'] }, ['i32', 'i32'], [
    ...call(core.turnNext), ...set(hart),
    ...op.loop,
    ...get(hart), ...op.i32_eqz, ...op.if, ...i32(STOP_NONE), ...op.return, ...op.end,
    ...(support === undefined
      ? []
      : [
          ...get(hart), ...call(support.quickTurn), ...i32(STOP_TURN), ...op.i32_eq, ...op.if,
          ...get(hart), ...call(core.turnOver), ...set(hart), ...br(1), ...op.end,
        ]),
    ...get(hart), ...get(hart), ...call(run), ...call(core.turnEnded), ...tee(reason), ...i32(TURNS_GO_ON), ...op.i32_eq, ...op.if,
    ...call(core.turnNext), ...set(hart), ...br(1), ...op.end,
    ...op.end,
    ...get(reason),
  ]); // prettier-ignore
}

function specialHandler(
  number: number,
  core: CoreImports,
  exits: Exits & { readonly again: number },
  support: RegionSupport | undefined,
): Code {
  const out: number[] = [];
  const emit = (...parts: Code[]): void => {
    for (const part of parts) for (const byte of part) out.push(byte);
  };
  switch (number) {
    case 0: // OP_DECODE
      emit(get(h), get(rec), get(pc), call(core.decode), br(exits.dispatch));
      break;
    case 1: // OP_PAGE_END: a yield point, the successor lies in another page
      emit(get(cycle), get(h), mem('i64_load', STOPAT), op.i64_ge_u, op.if, flush, br(exits.resync + 1), op.end);
      emit(br(exits.lookup));
      break;
    case 2: // OP_CROSS
      emit(flush, get(h), get(pc), call(core.fetchCross), tee(rec), op.i32_eqz, brIf(exits.resync));
      emit(reloadCycle, br(exits.dispatch));
      break;
    case 3: // OP_PROBE
      emit(flush, get(h), get(rec), get(pc), call(core.probe), set(opLocal), br(exits.again));
      break;
    case 4: // OP_ILLEGAL
      emit(flush, get(h), get(rec), call(core.illegal), br(exits.resync));
      break;
    case 5: // OP_REGION
      emit(support === undefined ? op.unreachable : support.handler(exits));
      break;
    default:
      throw new Error(`no special handler ${number}`);
  }
  return out;
}
