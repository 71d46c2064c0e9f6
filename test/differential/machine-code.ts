/** Random machine code from the instruction table: encodings, not text, so compressed and reserved ones come too. */
import { Decoder, type DecodedInsn } from '../../libs/riscv-core/src/decode/decoder.js';
import { encode } from '../../libs/riscv-core/src/isa/encode.js';
import { registerUse, type Insn } from '../../libs/riscv-core/src/isa/insn.js';
import { rvC } from '../../libs/riscv-core/src/isa/rv-c.js';
import { insnByName, instructions } from '../../libs/riscv-core/src/isa/table.js';
import { csrs } from '../../libs/riscv-core/src/isa/csrs.js';
import type { Random } from './random.js';

/** Registers that the frame of a random program needs; random code reads but does not write them. */
export const FIRST_RESERVED = 24;
/** s10: data in RAM. s11: where to go on after a trap. s8: a window of random page-table entries. */
export const register = {
  window: 24,
  mode: 25,
  data: 26,
  resume: 27,
  temp0: 28,
  temp1: 29,
  temp2: 30,
  temp3: 31,
} as const;
/** Registers that usually point into the data area. */
const pointers = [2, 8, 9, register.data] as const;

const decoder = new Decoder(new Set(['c', ...instructions.map((row) => row.extension)]));

export class CodeBuffer {
  readonly bytes: number[] = [];

  get length(): number {
    return this.bytes.length;
  }

  /** A 16- or 32-bit encoding. */
  push(bits: number): void {
    const size = (bits & 3) === 3 ? 4 : 2;
    for (let i = 0; i < size; i++) this.bytes.push((bits >>> (8 * i)) & 0xff);
  }

  insn(name: string, operands: Parameters<typeof encode>[1]): void {
    const row = insnByName(name);
    if (row === undefined) throw new Error(`no instruction ${name}`);
    this.push(encode(row, operands));
  }
}

export interface Mix {
  /** Extensions whose instructions may occur. */
  readonly extensions: ReadonlySet<string>;
  /** Instructions of opcode SYSTEM and their like. */
  readonly privileged: boolean;
  /** CSRs that CSR instructions name, usually. */
  readonly csrs: readonly number[];
  /** Now and then any other CSR. */
  readonly otherCsrs: boolean;
  /** Now and then any bits at all. */
  readonly garbage: boolean;
  /** Names of instructions left out. */
  readonly excluded: ReadonlySet<string>;
  /** Pointers are never overwritten, accesses and jumps through others are not made, and accesses to the window are aligned. */
  readonly tameAddresses: boolean;
}

/** Rows that change the flow are made by {@link randomFlow}. */
const memoryFormats = new Set(['load', 'S', 'f-load', 'f-store', 'amo', 'lr', 'hlv', 'hsv']);
const flowFormats = new Set(['B', 'J', 'jalr']);
const privilegedExtensions = new Set(['s', 'h', 'dvext', 'zicsr', 'svinval', 'svinval-h']);
/** The end of a program or its pace would be lost: wfi with everything disabled sleeps for good. */
const rare = new Set(['wfi', 'ebreak', 'ecall', 'mret', 'sret', 'uret']);

function randomRow(random: Random, mix: Mix): Insn {
  for (;;) {
    const row = random.pick(instructions);
    if (!mix.extensions.has(row.extension) || flowFormats.has(row.format) || mix.excluded.has(row.name)) continue;
    const isPrivileged = privilegedExtensions.has(row.extension) || rare.has(row.name);
    if (isPrivileged && !mix.privileged) continue;
    if (rare.has(row.name) && !random.oneIn(4)) continue;
    return row;
  }
}

function anyCsr(random: Random): number {
  return random.oneIn(3) ? random.below(4096) : random.pick(csrs).number;
}

function destination(random: Random, mix: Mix): number {
  const rd = random.below(FIRST_RESERVED);
  const isPointer = (pointers as readonly number[]).includes(rd);
  return isPointer && (mix.tameAddresses || !random.oneIn(8)) ? 0 : rd;
}

function source(random: Random): number {
  return random.below(32);
}

function address(random: Random, row: Insn, mix: Mix): number {
  if (!mix.tameAddresses && random.oneIn(10)) return source(random);
  if (mix.tameAddresses && row.extension === 'a') return random.pick(pointers);
  return random.oneIn(4) ? register.window : random.pick(pointers);
}

/** One instruction that falls through to the next, unless it traps. */
export function randomInsn(random: Random, mix: Mix): number {
  if (mix.garbage && random.oneIn(60)) return random.u32() | 3;
  if (random.oneIn(4)) return randomCompressed(random, mix);
  const row = randomRow(random, mix);
  const use = registerUse[row.format];
  const isMemory = memoryFormats.has(row.format);
  const rs1 = row.format === 'csri' ? random.below(32) : isMemory ? address(random, row, mix) : source(random);
  const aligned = isMemory && mix.tameAddresses && rs1 === register.window;
  const alignment = aligned || !random.oneIn(6) ? 8 : 1;
  const imm = (random.below(4096) - 2048) & -alignment;
  return encode(row, {
    rd: use.rd === 'x' ? destination(random, mix) : use.rd === 'f' ? random.below(32) : 0,
    rs1,
    rs2: source(random),
    imm: row.format === 'U' ? random.u32() | 0 : row.format === 'shift5' ? imm & 31 : imm,
    csr: mix.otherCsrs && random.oneIn(10) ? anyCsr(random) : mix.csrs.length > 0 ? random.pick(mix.csrs) : 0,
    order: random.below(4),
    rs3: random.below(32),
    // Reserved rounding modes too: illegal instructions.
    rm: random.oneIn(3) ? random.below(8) : 7,
  });
}

function writesReserved(insn: DecodedInsn): boolean {
  return registerUse[insn.insn.format].rd === 'x' && insn.rd >= FIRST_RESERVED;
}

/** A compressed instruction that does not jump. */
function randomCompressed(random: Random, mix: Mix): number {
  for (;;) {
    const row = random.pick(rvC);
    const bits = (row.match | (random.u32() & ~row.mask & 0xffff)) & 0xffff;
    const insn = decoder.decode(bits);
    if (insn === undefined || flowFormats.has(insn.insn.format) || writesReserved(insn)) continue;
    if (insn.insn.name === 'ebreak') continue;
    const losesPointer = registerUse[insn.insn.format].rd === 'x' && (pointers as readonly number[]).includes(insn.rd);
    if (losesPointer && (mix.tameAddresses || !random.oneIn(8))) continue;
    const isMemory = memoryFormats.has(insn.insn.format);
    if (isMemory && mix.tameAddresses && !(pointers as readonly number[]).includes(insn.rs1)) continue;
    return bits;
  }
}

/** Jumps and branches that stay inside the code they make: forward skips, a counted loop, a call and its return. */
export function randomFlow(random: Random, mix: Mix, code: CodeBuffer): void {
  const filler = (count: number): CodeBuffer => {
    const some = new CodeBuffer();
    for (let i = 0; i < count; i++) some.push(randomInsn(random, { ...mix, privileged: false, garbage: false }));
    return some;
  };
  const append = (other: CodeBuffer): void => void code.bytes.push(...other.bytes);
  switch (random.below(5)) {
    case 0: {
      const skipped = filler(random.below(4));
      const name = random.pick(['beq', 'bne', 'blt', 'bge', 'bltu', 'bgeu']);
      code.insn(name, { rs1: source(random), rs2: source(random), imm: 4 + skipped.length });
      return append(skipped);
    }
    case 1: {
      const skipped = filler(random.below(4));
      code.insn('jal', { rd: random.pick([0, 1, 5]), imm: 4 + skipped.length });
      return append(skipped);
    }
    case 2: {
      // A counted loop on x7; its body may overwrite the counter, so a second register bounds it: temp3.
      const body = filler(1 + random.below(3));
      code.insn('addi', { rd: register.temp3, rs1: 0, imm: 2 + random.below(5) });
      append(body);
      code.insn('addi', { rd: register.temp3, rs1: register.temp3, imm: -1 });
      code.insn('bne', { rs1: register.temp3, rs2: 0, imm: -(body.length + 4) });
      return;
    }
    case 3: {
      // jal ra, f; j over; f: ...; ret; over:
      const body = filler(random.below(3));
      const call = new CodeBuffer();
      call.insn('jal', { rd: register.temp2, imm: 8 });
      call.insn('jal', { rd: 0, imm: 4 + body.length + 4 });
      append(call);
      append(body);
      code.insn('jalr', { rd: 0, rs1: register.temp2, imm: 0 });
      return;
    }
    default: {
      // A jump through a register, mostly a short way ahead, sometimes into the wild.
      if (!mix.tameAddresses && random.oneIn(4)) {
        code.insn('jalr', { rd: destination(random, mix), rs1: source(random), imm: random.below(4096) - 2048 });
        return;
      }
      const skipped = filler(random.below(3));
      code.insn('auipc', { rd: register.temp2, imm: 0 });
      code.insn('jalr', { rd: random.pick([0, 1]), rs1: register.temp2, imm: 8 + skipped.length });
      append(skipped);
    }
  }
}
