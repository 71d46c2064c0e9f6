/**
 * A small WebAssembly emitter: enough to write modules of functions over i32/i64 locals and one imported memory.
 * Section and instruction encodings: WebAssembly Core Specification 2.0, ch. 5.
 */

export type ValueType = 'i32' | 'i64';

const typeCode: Record<ValueType, number> = { i32: 0x7f, i64: 0x7e };
const FUNCREF = 0x70;

/** Code is a flat list of bytes; pieces are concatenated by spreading. */
export type Code = readonly number[];

/** Unsigned LEB128. */
export function uleb(value: number): number[] {
  if (value >= 0 && value < 0x80) return [value];
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** Signed LEB128 of a 32-bit or 64-bit constant. */
export function sleb(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const done = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

function name(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [...uleb(bytes.length), ...bytes];
}

/**
 * In front of an `if` or `br_if`: its condition is nearly always true, or nearly never. Goes into the section of branch hints
 * (WebAssembly proposal "branch hinting"), which engines that do not know it ignore.
 */
const LIKELY = 0x100;
const UNLIKELY = 0x101;

/** One WebAssembly instruction each; names as in the specification with _ for the dot. */
export const op = {
  unreachable: [0x00],
  nop: [0x01],
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  if: [0x04, 0x40],
  /** Most often taken, and hardly ever: see {@link LIKELY}. */
  ifLikely: [LIKELY, 0x04, 0x40],
  ifUnlikely: [UNLIKELY, 0x04, 0x40],
  else: [0x05],
  end: [0x0b],
  return: [0x0f],
  drop: [0x1a],
  select: [0x1b],

  i32_eqz: [0x45],
  i32_eq: [0x46],
  i32_ne: [0x47],
  i32_lt_u: [0x49],
  i32_gt_s: [0x4a],
  i32_gt_u: [0x4b],
  i32_ge_u: [0x4f],
  i64_eqz: [0x50],
  i64_eq: [0x51],
  i64_ne: [0x52],
  i64_lt_s: [0x53],
  i64_lt_u: [0x54],
  i64_gt_s: [0x55],
  i64_gt_u: [0x56],
  i64_le_s: [0x57],
  i64_le_u: [0x58],
  i64_ge_s: [0x59],
  i64_ge_u: [0x5a],

  i32_add: [0x6a],
  i32_sub: [0x6b],
  i32_mul: [0x6c],
  i32_and: [0x71],
  i32_or: [0x72],
  i32_xor: [0x73],
  i32_shl: [0x74],
  i32_shr_s: [0x75],
  i32_shr_u: [0x76],

  i64_clz: [0x79],
  i64_ctz: [0x7a],
  i64_popcnt: [0x7b],
  i64_add: [0x7c],
  i64_sub: [0x7d],
  i64_mul: [0x7e],
  i64_div_s: [0x7f],
  i64_div_u: [0x80],
  i64_rem_s: [0x81],
  i64_rem_u: [0x82],
  i64_and: [0x83],
  i64_or: [0x84],
  i64_xor: [0x85],
  i64_shl: [0x86],
  i64_shr_s: [0x87],
  i64_shr_u: [0x88],
  i64_rotr: [0x8a],

  i32_wrap_i64: [0xa7],
  i64_extend_i32_s: [0xac],
  i64_extend_i32_u: [0xad],
  i64_extend8_s: [0xc2],
  i64_extend16_s: [0xc3],
  i64_extend32_s: [0xc4],

  // Vectors of four 32-bit words.
  i32x4_splat: [0xfd, 0x11],
  i32x4_eq: [0xfd, 0x37],
  v128_or: [0xfd, 0x50],
  v128_any_true: [0xfd, 0x53],
} as const satisfies Record<string, Code>;

/** Signed LEB128 of a value of 32 bits, without a bigint: the JIT writes many. */
function sleb32(value: number): number[] {
  if (value >= -64 && value < 64) return [value & 0x7f];
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

export const i32 = (value: number): number[] => [0x41, ...sleb32(value)];
export const i64 = (value: bigint): number[] => {
  const signed = BigInt.asIntN(64, value);
  const small = Number(signed);
  return (small | 0) === small ? i64Small(small) : [0x42, ...sleb(signed)];
};
/** An i64 constant that fits in 32 bits. */
export const i64Small = (value: number): number[] => [0x42, ...sleb32(value)];
export const get = (local: number): number[] => [0x20, ...uleb(local)];
export const set = (local: number): number[] => [0x21, ...uleb(local)];
export const tee = (local: number): number[] => [0x22, ...uleb(local)];
export const call = (index: number): number[] => [0x10, ...uleb(index)];
/** Calls the function in the element of table 0 on top of the stack; `type` by {@link ModuleBuilder.type}. */
export const callIndirect = (type: number): number[] => [0x11, ...uleb(type), 0];
export const br = (depth: number): number[] => [0x0c, ...uleb(depth)];
export const brIf = (depth: number): number[] => [0x0d, ...uleb(depth)];
/** In front of a {@link brIf} that is hardly ever taken. */
export const unlikely: Code = [UNLIKELY];
export const brTable = (depths: readonly number[], otherwise: number): number[] => [
  0x0e,
  ...uleb(depths.length),
  ...depths.flatMap((depth) => uleb(depth)),
  ...uleb(otherwise),
];

const memoryOpcode = {
  i32_load: 0x28,
  i64_load: 0x29,
  i64_load8_s: 0x30,
  i64_load8_u: 0x31,
  i64_load16_s: 0x32,
  i64_load16_u: 0x33,
  i64_load32_s: 0x34,
  i64_load32_u: 0x35,
  i32_load8_u: 0x2d,
  i32_load16_u: 0x2f,
  i32_store: 0x36,
  i64_store: 0x37,
  i32_store8: 0x3a,
  i32_store16: 0x3b,
  i64_store8: 0x3c,
  i64_store16: 0x3d,
  i64_store32: 0x3e,
} as const;

export type MemoryOp = keyof typeof memoryOpcode;

/** The 16 bytes at (address on the stack) + offset. */
export const v128Load = (offset: number): number[] => [0xfd, 0x00, 0, ...uleb(offset)];

/** A load or store at (address on the stack) + offset; alignment is only a hint and always given as 0. */
export const mem = (operation: MemoryOp, offset = 0): number[] => [memoryOpcode[operation], 0, ...uleb(offset)];

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

interface BuiltFunction {
  readonly type: number;
  readonly locals: readonly ValueType[];
  readonly body: Code;
  readonly hints: readonly BranchHint[];
  readonly exportName: string;
}

interface BranchHint {
  /** Of the instruction, in the body. */
  readonly offset: number;
  readonly likely: boolean;
}

function takeHints(code: Code): { body: Code; hints: readonly BranchHint[] } {
  const body: number[] = [];
  const hints: BranchHint[] = [];
  for (let i = 0; i < code.length; i++) {
    const byte = code[i]!;
    if (byte < LIKELY) body.push(byte);
    else hints.push({ offset: body.length, likely: byte === LIKELY });
  }
  return { body, hints };
}

/** Collects imports and functions and writes the binary module. Imports must all be declared before the first function. */
export class ModuleBuilder {
  private readonly types: FunctionType[] = [];
  private readonly imports: { module: string; name: string; type: number }[] = [];
  private readonly functions: BuiltFunction[] = [];
  private table: { readonly name: string; readonly elements: number } | undefined;

  constructor(private readonly memoryPages: number) {}

  importFunction(module: string, importName: string, type: FunctionType): number {
    if (this.functions.length > 0) throw new Error('imports come before functions: their indices are shared');
    this.imports.push({ module, name: importName, type: this.typeIndex(type) });
    return this.imports.length - 1;
  }

  /** Table 0, of functions: import `env.<name>`. */
  importTable(tableName: string, elements: number): void {
    this.table = { name: tableName, elements };
  }

  /** Number of a function type, for {@link callIndirect}. */
  type(type: FunctionType): number {
    return this.typeIndex(type);
  }

  /** `locals` are the types of the locals after the parameters; `body` ends without the final `end`. */
  addFunction(exportName: string, type: FunctionType, locals: readonly ValueType[], body: Code): number {
    this.functions.push({ type: this.typeIndex(type), locals, ...takeHints(body), exportName });
    return this.imports.length + this.functions.length - 1;
  }

  build(): Uint8Array<ArrayBuffer> {
    const section = (id: number, content: Code): number[] => [id, ...uleb(content.length), ...content];
    const vector = (items: readonly Code[]): number[] => [...uleb(items.length), ...items.flat()];

    const types = vector(
      this.types.map((type) => [
        0x60,
        ...vector(type.params.map((t) => [typeCode[t]])),
        ...vector(type.results.map((t) => [typeCode[t]])),
      ]),
    );
    const imports = vector([
      [...name('env'), ...name('memory'), 0x02, 0x00, ...uleb(this.memoryPages)],
      ...(this.table === undefined
        ? []
        : [[...name('env'), ...name(this.table.name), 0x01, FUNCREF, 0x00, ...uleb(this.table.elements)]]),
      ...this.imports.map((i) => [...name(i.module), ...name(i.name), 0x00, ...uleb(i.type)]),
    ]);
    const functions = vector(this.functions.map((f) => uleb(f.type)));
    const exports = vector(
      this.functions.map((f, i) => [...name(f.exportName), 0x00, ...uleb(this.imports.length + i)]),
    );

    // Bodies can be large: they are joined as byte arrays, not by spreading.
    const bodies = this.functions.map((f) => {
      const locals = vector(f.locals.map((t) => [1, typeCode[t]]));
      return { size: uleb(locals.length + f.body.length + 1), locals, body: f.body };
    });
    const codeCount = uleb(bodies.length);
    const codeLength = bodies.reduce(
      (sum, b) => sum + b.size.length + b.locals.length + b.body.length + 1,
      codeCount.length,
    );
    const hinted = this.functions.flatMap(({ hints }, i) => {
      if (hints.length === 0) return [];
      const before = bodies[i]!.locals.length;
      const each = hints.map(({ offset, likely }) => [...uleb(before + offset), 1, likely ? 1 : 0]);
      return [[...uleb(this.imports.length + i), ...vector(each)]];
    });
    const hints = hinted.length === 0 ? [] : section(0, [...name('metadata.code.branch_hint'), ...vector(hinted)]);
    const head = [
      0x00,
      0x61,
      0x73,
      0x6d,
      0x01,
      0x00,
      0x00,
      0x00,
      ...section(1, types),
      ...section(2, imports),
      ...section(3, functions),
      ...section(7, exports),
      ...hints,
      10,
      ...uleb(codeLength),
      ...codeCount,
    ];
    const bytes = new Uint8Array(head.length + codeLength - codeCount.length);
    bytes.set(head);
    let at = head.length;
    for (const { size, locals, body } of bodies) {
      for (const part of [size, locals, body, op.end]) {
        bytes.set(part, at);
        at += part.length;
      }
    }
    return bytes;
  }

  private typeIndex(type: FunctionType): number {
    const same = (a: FunctionType): boolean =>
      a.params.join() === type.params.join() && a.results.join() === type.results.join();
    const found = this.types.findIndex(same);
    return found >= 0 ? found : this.types.push(type) - 1;
  }
}
