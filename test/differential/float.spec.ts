/**
 * Floating point: the core's softfloat = the reference's exact arithmetic, instruction by instruction; and the interpreter =
 * QEMU on a program that computes a table of results and exception flags.
 *
 * One seed again: FLOAT_SEED=<n> npx vitest run test/differential/float.spec.ts
 */
import { describe, expect, test } from 'vitest';
import { CoreKit } from '../../libs/riscv-core/src/core/core.testkit.js';
import { assemble } from '../../libs/riscv-core/src/decode/assembler.js';
import { disassemble } from '../../libs/riscv-core/src/decode/disassembler.js';
import { Decoder } from '../../libs/riscv-core/src/decode/decoder.js';
import { CSR_FCSR } from '../../libs/riscv-core/src/hart/csr-slots.js';
import * as L from '../../libs/riscv-core/src/hart/layout.js';
import { registerIndex, registerUse, type Insn } from '../../libs/riscv-core/src/isa/insn.js';
import { buildMachine } from '../../libs/riscv-core/src/machine/builder.js';
import { resolveConfig } from '../../libs/riscv-core/src/machine/config.js';
import { engineFactory } from '../../libs/riscv-core/src/machine/engines.js';
import { executeFloat } from '../../libs/riscv-core/src/reference/float-ops.js';
import { HartState } from '../../libs/riscv-core/src/reference/state.js';
import { floatCase, floatRows, type FloatCase } from './float-cases.js';
import { CodeBuffer } from './machine-code.js';
import { cpuOptions } from './qemu-deviations.js';
import { qemuVersion, runOnQemu } from './qemu.js';
import { Random } from './random.js';

const seed = Number(process.env['FLOAT_SEED'] ?? 1);
const CASES = Number(process.env['FLOAT_CASES'] ?? 1500);
const decoder = new Decoder(new Set(['f', 'd']));
const FS = 3n << 13n;

/** The instruction's FLOAT_* operation, undefined for a move that needs none. */
function operationOf(row: Insn): number | undefined {
  let operation: number | undefined;
  const ignore = (): bigint => 0n;
  const listener = new Proxy({}, { get: (_, name) => (name === 'float' ? (op: number) => (operation = op) : ignore) });
  row.semantics(listener as never);
  return operation;
}

describe('softfloat = exact arithmetic', () => {
  const computing = floatRows.filter((row) => operationOf(row) !== undefined);
  test.each(computing.map((row): [string, Insn] => [row.name, row]))('%s', (name, row) => {
    const random = new Random(seed * 1000 + floatRows.indexOf(row));
    const op = operationOf(row)!;
    const kit = new CoreKit();
    const hart = new HartState(kit.linear.memory, 0);
    kit.setBits('mstatus', FS);
    for (let i = 0; i < CASES; i++) {
      const it = floatCase(random, row);
      // Half of the time the inexact flag is up already: then the host's own arithmetic may be used.
      const fcsr = (BigInt(it.frm) << 5n) | (random.oneIn(2) ? 1n : 0n);
      const outcome = (execute: () => void): string => {
        it.operands.forEach((bits, index) => kit.linear.setU64(kit.h + L.F + 8 * (11 + index), bits));
        kit.setX(11, it.integer);
        kit.setX(10, 0n);
        kit.linear.setU64(kit.h + L.F + 80, 0n);
        kit.linear.setU64(kit.h + CSR_FCSR, fcsr);
        execute();
        const result = kit.linear.u64(kit.h + L.X + 8 * registerIndex(registerUse[row.format].rd, 10));
        return `${result.toString(16)} fcsr ${kit.linear.u64(kit.h + CSR_FCSR).toString(16)}`;
      };
      const use = registerUse[row.format];
      const fields = {
        raw: it.bits,
        rd: registerIndex(use.rd, 10),
        rs1: registerIndex(use.rs1, 11),
        rs2: registerIndex(use.rs2, 12),
      };
      const exact = outcome(() => executeFloat(hart, decoder.decode(it.bits)!, op));
      const fast = outcome(() => {
        kit.writeRecord(fields);
        expect(kit.core.float(kit.h, op, kit.rec)).toBe(0);
      });
      if (fast !== exact)
        throw new Error(`${describeCase(it)}: core ${fast}, exact ${exact} (FLOAT_SEED=${seed}, ${name})`);
    }
  });
});

function describeCase({ bits, frm, operands, integer }: FloatCase): string {
  const text = disassemble(decoder.decode(bits)!, 0n);
  return `${text} with frm ${frm}, ${operands.map((v) => v.toString(16)).join(', ')}, x ${integer.toString(16)}`;
}

describe('interpreter = QEMU', () => {
  const version = qemuVersion();
  const PER_ROW = 40;
  const BASE = 0x8000_0000n;
  const INPUT = 0x8040_0000n;
  const OUTPUT = 0x8060_0000n;
  const INPUT_BYTES = 40;
  const OUTPUT_BYTES = 16;

  test.skipIf(version === undefined && process.env['CI'] === undefined)(
    'results and flags of every instruction',
    () => {
      const random = new Random(seed);
      const cases = floatRows.flatMap((row) => Array.from({ length: PER_ROW }, () => floatCase(random, row)));
      const image = program(cases);
      const here = runHere(image);
      const there = runOnQemu(image, 64, cpuOptions(new Set()));
      expect(here.length).toBe(cases.length * OUTPUT_BYTES);
      expect(there.length).toBe(here.length);
      const words = (bytes: Uint8Array, index: number): string => {
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        const at = index * OUTPUT_BYTES;
        return `${view.getBigUint64(at, true).toString(16)} flags ${view.getBigUint64(at + 8, true).toString(16)}`;
      };
      cases.forEach((it, index) => {
        const [mine, theirs] = [words(here, index), words(there, index)];
        if (mine !== theirs) throw new Error(`${describeCase(it)}: here ${mine}, QEMU ${theirs} (FLOAT_SEED=${seed})`);
      });
    },
  );

  /** RAM from its first byte: code that works through the input table and sends the output table to the UART. */
  function program(cases: readonly FloatCase[]): Uint8Array {
    const code = new CodeBuffer();
    const text = (source: string): void => void code.bytes.push(...assemble(source, BASE + BigInt(code.length)).bytes);
    text(`li t0, 0x6000\n csrs mstatus, t0\n li s0, ${INPUT}\n li s1, ${OUTPUT}`);
    for (const { row, bits, frm } of cases) {
      text(`fld f11, 0(s0)\n fld f12, 8(s0)\n fld f13, 16(s0)\n ld x11, 24(s0)\n csrwi fcsr, 0\n csrwi frm, ${frm}`);
      code.push(bits);
      text(
        `csrr t1, fflags\n sd t1, 8(s1)\n ${registerUse[row.format].rd === 'f' ? 'fsd f10, 0(s1)' : 'sd x10, 0(s1)'}`,
      );
      text(`addi s0, s0, ${INPUT_BYTES}\n addi s1, s1, ${OUTPUT_BYTES}`);
    }
    text(`
      li t0, ${OUTPUT}
      li t1, 0x10000000
send: lbu t2, 0(t0)
      sb t2, 0(t1)
      addi t0, t0, 1
      bne t0, s1, send
      li t0, 0x100000
      li t1, 0x5555
      sw t1, 0(t0)
stop: j stop`);
    const image = new Uint8Array(Number(OUTPUT - BASE));
    image.set(code.bytes);
    const view = new DataView(image.buffer);
    cases.forEach(({ operands, integer }, index) => {
      const at = Number(INPUT - BASE) + index * INPUT_BYTES;
      [...operands, integer].forEach((value, i) => view.setBigUint64(at + 8 * i, value, true));
    });
    return image;
  }

  function runHere(image: Uint8Array): Uint8Array {
    const bytes: number[] = [];
    const { machine } = buildMachine(
      resolveConfig({ memoryBytes: 64 << 20 }),
      { raw: [{ name: 'float program', bytes: image, address: BASE }], entry: BASE },
      engineFactory('interpreter'),
      { write: (part) => void bytes.push(...part) },
    );
    expect(machine.run(10_000_000, 10_000_000).kind).toBe('finisher');
    return Uint8Array.from(bytes);
  }
});
