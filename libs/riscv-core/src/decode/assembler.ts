/**
 * A small two-pass assembler for tests and hand-made programs. One statement a line, `#` starts a comment:
 *
 *     loop: addi a0, a0, -1
 *           bnez a0, loop
 *           li   t0, 0x123456789abc
 *           la   t1, data
 *     .align 3
 *     data: .dword 1, loop
 *
 * Instructions come from the table; the pseudo-instructions are those of the unprivileged manual's table that tests use.
 * Compressed instructions are written as `.half`. Errors name the line.
 */
import { csrByName } from '../isa/csrs.js';
import { encode } from '../isa/encode.js';
import { hasRoundingMode, registerUse, type Insn } from '../isa/insn.js';
import { floatRegisterNumber, registerNumber, roundingModes } from '../isa/registers.js';
import { insnByName } from '../isa/table.js';

export interface Assembled {
  readonly base: bigint;
  readonly bytes: Uint8Array;
  readonly symbols: ReadonlyMap<string, bigint>;
}

export class AssemblerError extends Error {
  constructor(line: number, text: string, why: string) {
    super(`line ${line}: ${why}: "${text.trim()}"`);
  }
}

interface Statement {
  readonly line: number;
  readonly text: string;
  readonly name: string;
  readonly args: readonly string[];
  address: bigint;
}

type Lookup = (symbol: string) => bigint;

/** Bytes (little endian) of `value`. */
function littleEndian(value: bigint, size: number): number[] {
  return Array.from({ length: size }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

function word(bits: number): number[] {
  return littleEndian(BigInt(bits >>> 0), 4);
}

function parseNumber(text: string): bigint | undefined {
  const match = /^(-?)(0x[0-9a-fA-F]+|0b[01]+|\d+)$/.exec(text);
  if (!match) return undefined;
  const magnitude = BigInt(match[2]!);
  return match[1] === '-' ? -magnitude : magnitude;
}

/** The shortest of lui/addi/slli sequences that loads a 64-bit constant, as instruction words. */
export function loadImmediate(rd: number, constant: bigint): number[] {
  const value = BigInt.asIntN(64, constant);
  const addi = insnByName('addi')!;
  const low = Number(BigInt.asIntN(12, value));
  if (value === BigInt.asIntN(32, value)) {
    const high = Number(BigInt.asIntN(32, value - BigInt(low))) | 0;
    if (high === 0) return [encode(addi, { rd, rs1: 0, imm: low })];
    const lui = encode(insnByName('lui')!, { rd, imm: high });
    // addiw keeps the result a sign-extended word when lui has wrapped.
    return low === 0 ? [lui] : [lui, encode(insnByName('addiw')!, { rd, rs1: rd, imm: low })];
  }
  const rest = BigInt.asIntN(64, value - BigInt(low)) >> 12n;
  const words = [...loadImmediate(rd, rest), encode(insnByName('slli')!, { rd, rs1: rd, imm: 12 })];
  return low === 0 ? words : [...words, encode(addi, { rd, rs1: rd, imm: low })];
}

/** Pseudo-instruction -> real statement, where one line suffices. */
const aliases: Readonly<Record<string, (args: readonly string[]) => [string, ...string[]]>> = {
  nop: () => ['addi', 'x0', 'x0', '0'],
  mv: ([rd, rs]) => ['addi', rd!, rs!, '0'],
  not: ([rd, rs]) => ['xori', rd!, rs!, '-1'],
  neg: ([rd, rs]) => ['sub', rd!, 'x0', rs!],
  'sext.w': ([rd, rs]) => ['addiw', rd!, rs!, '0'],
  seqz: ([rd, rs]) => ['sltiu', rd!, rs!, '1'],
  snez: ([rd, rs]) => ['sltu', rd!, 'x0', rs!],
  beqz: ([rs, to]) => ['beq', rs!, 'x0', to!],
  bnez: ([rs, to]) => ['bne', rs!, 'x0', to!],
  bltz: ([rs, to]) => ['blt', rs!, 'x0', to!],
  bgez: ([rs, to]) => ['bge', rs!, 'x0', to!],
  bgt: ([a, b, to]) => ['blt', b!, a!, to!],
  ble: ([a, b, to]) => ['bge', b!, a!, to!],
  j: ([to]) => ['jal', 'x0', to!],
  call: ([to]) => ['jal', 'ra', to!],
  jr: ([rs]) => ['jalr', 'x0', `0(${rs!})`],
  ret: () => ['jalr', 'x0', '0(ra)'],
  csrr: ([rd, csr]) => ['csrrs', rd!, csr!, 'x0'],
  csrw: ([csr, rs]) => ['csrrw', 'x0', csr!, rs!],
  csrs: ([csr, rs]) => ['csrrs', 'x0', csr!, rs!],
  csrc: ([csr, rs]) => ['csrrc', 'x0', csr!, rs!],
  csrwi: ([csr, imm]) => ['csrrwi', 'x0', csr!, imm!],
  csrsi: ([csr, imm]) => ['csrrsi', 'x0', csr!, imm!],
  csrci: ([csr, imm]) => ['csrrci', 'x0', csr!, imm!],
  rdcycle: ([rd]) => ['csrrs', rd!, 'cycle', 'x0'],
  rdinstret: ([rd]) => ['csrrs', rd!, 'instret', 'x0'],
  rdtime: ([rd]) => ['csrrs', rd!, 'time', 'x0'],
};

const dataSizes: Readonly<Record<string, number>> = { '.byte': 1, '.half': 2, '.word': 4, '.dword': 8 };

export function assemble(source: string, base = 0x8000_0000n): Assembled {
  const symbols = new Map<string, bigint>();
  const statements: Statement[] = [];
  let address = base;
  source.split('\n').forEach((raw, index) => {
    let text = raw.replace(/#.*$/, '').trim();
    for (let label = /^([A-Za-z_.][\w.]*):\s*/.exec(text); label; label = /^([A-Za-z_.][\w.]*):\s*/.exec(text)) {
      if (symbols.has(label[1]!)) throw new AssemblerError(index + 1, raw, `label ${label[1]!} is defined twice`);
      symbols.set(label[1]!, address);
      text = text.slice(label[0].length);
    }
    if (text === '') return;
    const [, name, rest = ''] = /^(\S+)\s*(.*)$/.exec(text)!;
    const args = rest === '' ? [] : rest.split(',').map((arg) => arg.trim());
    const statement: Statement = { line: index + 1, text: raw, name: name!, args, address };
    statements.push(statement);
    // Sizes do not depend on symbols, so unknown ones may stand for 0 in the first pass.
    address += BigInt(assembleStatement(statement, () => address).length);
  });

  const bytes: number[] = [];
  for (const statement of statements) {
    const lookup: Lookup = (symbol) => {
      const found = symbols.get(symbol);
      if (found === undefined) throw new AssemblerError(statement.line, statement.text, `unknown symbol ${symbol}`);
      return found;
    };
    for (const byte of assembleStatement(statement, lookup)) bytes.push(byte);
  }
  return { base, bytes: Uint8Array.from(bytes), symbols };
}

function assembleStatement(statement: Statement, lookup: Lookup): number[] {
  const { name, args, address } = statement;
  const fail = (why: string): never => {
    throw new AssemblerError(statement.line, statement.text, why);
  };
  const register = (text: string | undefined): number =>
    registerNumber(text ?? '') ?? fail(`expected a register, found "${text ?? ''}"`);
  const number = (text: string | undefined): bigint => parseNumber(text ?? '') ?? lookup(text ?? '');

  const size = dataSizes[name];
  if (size !== undefined) return args.flatMap((arg) => littleEndian(BigInt.asUintN(8 * size, number(arg)), size));
  switch (name) {
    case '.zero':
      return new Array<number>(Number(number(args[0]))).fill(0);
    case '.align': {
      const to = 1n << number(args[0]);
      return new Array<number>(Number((to - (address % to)) % to)).fill(0);
    }
    case 'li':
      return loadImmediate(register(args[0]), parseNumber(args[1] ?? '') ?? fail('li needs a number')).flatMap(word);
    case 'la': {
      const rd = register(args[0]);
      const offset = Number(BigInt.asIntN(64, number(args[1]) - address));
      const low = (offset << 20) >> 20;
      return [
        ...word(encode(insnByName('auipc')!, { rd, imm: offset - low })),
        ...word(encode(insnByName('addi')!, { rd, rs1: rd, imm: low })),
      ];
    }
  }
  const alias = aliases[name];
  if (alias) {
    const [real, ...realArgs] = alias(args);
    return assembleStatement({ ...statement, name: real, args: realArgs }, lookup);
  }
  const order = /\.(aqrl|aq|rl)$/.exec(name);
  const row = insnByName(name) ?? (order ? insnByName(name.slice(0, order.index)) : undefined);
  if (row === undefined) return fail(`unknown instruction ${name}`);
  const orderBits = order ? { aq: 2, rl: 1, aqrl: 3 }[order[1]!]! : 0;
  return word(encodeOperands(row, args, { register, number, fail, address, order: orderBits }));
}

interface OperandParser {
  register(text: string | undefined): number;
  number(text: string | undefined): bigint;
  fail(why: string): never;
  readonly address: bigint;
  readonly order: number;
}

function encodeOperands(row: Insn, args: readonly string[], p: OperandParser): number {
  const reg = (i: number): number => p.register(args[i]);
  const use = registerUse[row.format];
  const freg = (i: number): number =>
    floatRegisterNumber(args[i] ?? '') ?? p.fail(`expected a floating-point register, found "${args[i] ?? ''}"`);
  const of = (field: 'x' | 'f' | false, i: number): number => (field === 'f' ? freg(i) : reg(i));
  /** Optional last operand. */
  const rm = (i: number): number => {
    if (args[i] === undefined || !hasRoundingMode(row)) return 7;
    const mode = roundingModes.indexOf(args[i]);
    return mode < 0 ? p.fail(`expected a rounding mode, found "${args[i]}"`) : mode;
  };
  const imm = (i: number, low: number, high: number): number => {
    const value = p.number(args[i]);
    if (value < BigInt(low) || value > BigInt(high)) return p.fail(`${args[i]} is outside ${low}..${high}`);
    return Number(value);
  };
  const offset = (i: number, reach: number): number => {
    const distance = p.number(args[i]) - p.address;
    // In the first pass a label stands for the current address.
    if (distance % 2n !== 0n || distance < BigInt(-reach) || distance >= BigInt(reach)) {
      return p.fail(`target is ${distance} bytes away, reach is ${reach}`);
    }
    return Number(distance);
  };
  /** `imm(reg)` or `(reg)`. */
  const memory = (i: number): { imm: number; rs1: number } => {
    const match = /^(.*)\((\w+)\)$/.exec(args[i] ?? '');
    if (!match) return p.fail(`expected offset(register), found "${args[i] ?? ''}"`);
    const value = match[1] === '' ? 0n : p.number(match[1]);
    if (value < -2048n || value > 2047n) return p.fail(`offset ${value} is outside -2048..2047`);
    return { imm: Number(value), rs1: p.register(match[2]) };
  };
  const csr = (i: number): number => {
    const named = csrByName(args[i] ?? '');
    return named ? named.number : imm(i, 0, 0xfff);
  };
  switch (row.format) {
    case 'R':
      return encode(row, { rd: reg(0), rs1: reg(1), rs2: reg(2) });
    case 'unary':
      return encode(row, { rd: reg(0), rs1: reg(1) });
    case 'I':
      return encode(row, { rd: reg(0), rs1: reg(1), imm: imm(2, -2048, 2047) });
    case 'shift6':
      return encode(row, { rd: reg(0), rs1: reg(1), imm: imm(2, 0, 63) });
    case 'shift5':
      return encode(row, { rd: reg(0), rs1: reg(1), imm: imm(2, 0, 31) });
    case 'load':
    case 'jalr':
      return encode(row, { rd: reg(0), ...memory(1) });
    case 'S':
      return encode(row, { rs2: reg(0), ...memory(1) });
    case 'B':
      return encode(row, { rs1: reg(0), rs2: reg(1), imm: offset(2, 4096) });
    case 'U':
      return encode(row, { rd: reg(0), imm: imm(1, -0x80000, 0xfffff) << 12 });
    case 'J':
      return encode(row, { rd: reg(0), imm: offset(1, 1 << 20) });
    case 'amo':
      return encode(row, { rd: reg(0), rs2: reg(1), rs1: memory(2).rs1, order: p.order });
    case 'lr':
    case 'hlv':
      return encode(row, { rd: reg(0), rs1: memory(1).rs1, order: p.order });
    case 'hsv':
      return encode(row, { rs2: reg(0), rs1: memory(1).rs1 });
    case 'csr':
      return encode(row, { rd: reg(0), csr: csr(1), rs1: reg(2) });
    case 'csri':
      return encode(row, { rd: reg(0), csr: csr(1), rs1: imm(2, 0, 31) });
    case 'rs1-rs2':
      return encode(row, { rs1: args[0] === undefined ? 0 : reg(0), rs2: args[1] === undefined ? 0 : reg(1) });
    case 'rd':
      return encode(row, { rd: reg(0) });
    case 'rs2':
      return encode(row, { rs2: reg(0) });
    case 'fence':
      return encode(row, { imm: 0x0ff });
    case 'none':
      return encode(row, {});
    case 'f-load':
      return encode(row, { rd: freg(0), ...memory(1) });
    case 'f-store':
      return encode(row, { rs2: freg(0), ...memory(1) });
    case 'f-r':
    case 'f-compare':
      return encode(row, { rd: of(use.rd, 0), rs1: freg(1), rs2: freg(2), rm: rm(3) });
    case 'f-r4':
      return encode(row, { rd: freg(0), rs1: freg(1), rs2: freg(2), rs3: freg(3), rm: rm(4) });
    case 'f-unary':
    case 'f-to-x':
    case 'x-to-f':
      return encode(row, { rd: of(use.rd, 0), rs1: of(use.rs1, 1), rm: rm(2) });
  }
}
