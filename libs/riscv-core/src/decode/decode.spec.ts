import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode } from '../isa/encode.js';
import { registerUse } from '../isa/insn.js';
import { rvC } from '../isa/rv-c.js';
import { instructions } from '../isa/table.js';
import { assemble, loadImmediate } from './assembler.js';
import { Decoder, extensionSet } from './decoder.js';
import { disassemble } from './disassembler.js';

const decoder = new Decoder(extensionSet(['c', ...instructions.map((row) => row.extension)]));

describe('the instruction table', () => {
  it('names every instruction once', () => {
    expect(new Set(instructions.map((row) => row.name)).size).toBe(instructions.length);
  });

  it('has no two rows that match the same word, unless one is a special case of the other', () => {
    const clashes: string[] = [];
    for (const [i, a] of instructions.entries()) {
      for (const b of instructions.slice(i + 1)) {
        const common = a.mask & b.mask;
        if ((a.match & common) !== (b.match & common)) continue;
        const nested = common === (a.mask | 0) || common === (b.mask | 0);
        if (!nested) clashes.push(`${a.name} / ${b.name}`);
      }
    }
    expect(clashes).toEqual([]);
  });

  it('never sets a match bit outside the mask', () => {
    for (const row of instructions) expect((row.match & ~row.mask) >>> 0, row.name).toBe(0);
    for (const row of rvC) expect(row.match & ~row.mask, row.name).toBe(0);
  });
});

describe('decoding', () => {
  const anyRow = fc.constantFrom(...instructions);
  const register = fc.integer({ min: 0, max: 31 });

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(anyRow, register, register, register, fc.integer(), (row, rd, rs1, rs2, random) => {
        const imm =
          row.format === 'U' ? random & 0xfffff000
          : row.format === 'B' ? ((random << 19) >> 19) & ~1
          : row.format === 'J' ? ((random << 11) >> 11) & ~1
          : row.format === 'shift6' ? random & 63
          : row.format === 'shift5' ? random & 31
          : row.format === 'fence' ? random & 0xfff
          : (random << 20) >> 20; // prettier-ignore
        const bits = encode(row, { rd, rs1, rs2, imm, csr: random & 0xfff });
        const decoded = decoder.decode(bits);
        expect(decoded?.insn.name).toBe(row.name);
        const use = registerUse[row.format];
        if (use.rd) expect(decoded?.rd).toBe(rd);
        if (use.rs1) expect(decoded?.rs1).toBe(rs1);
        if (use.rs2) expect(decoded?.rs2).toBe(rs2);
        if (['I', 'load', 'jalr', 'S', 'B', 'U', 'J', 'shift6', 'shift5', 'fence'].includes(row.format)) {
          expect(decoded?.imm).toBe(imm);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('accepts exactly the defined compressed parcels: 16-bit space counted by row', () => {
    const counts = new Map<string, number>();
    for (let parcel = 0; parcel < 0x10000; parcel++) {
      if ((parcel & 3) === 3) continue;
      const decoded = decoder.decode(parcel);
      if (decoded) counts.set(decoded.compressed!.name, (counts.get(decoded.compressed!.name) ?? 0) + 1);
    }
    // From the manual's tables: free bits of each format less the reserved encodings.
    expect(Object.fromEntries(counts)).toMatchObject({
      'c.addi4spn': 255 * 8,
      'c.lw': 2048,
      'c.addi': 2048,
      'c.addiw': 31 * 64,
      'c.addi16sp': 63,
      'c.lui': 31 * 63,
      'c.sub': 64,
      'c.j': 2048,
      'c.jr': 31,
      'c.mv': 32 * 31,
      'c.ebreak': 1,
      'c.jalr': 31,
      'c.add': 32 * 31,
      'c.lwsp': 31 * 64,
      'c.swsp': 2048,
    });
  });

  it('refuses the all-zero and the all-one word', () => {
    expect(decoder.decode(0)).toBeUndefined();
    expect(decoder.decode(0xffffffff)).toBeUndefined();
  });
});

describe('assembler and disassembler', () => {
  it('round-trip: text -> bits -> text -> bits', () => {
    const source = [
      'add a0, a1, a2', 'addi t0, sp, -16', 'ld s0, 8(sp)', 'sd ra, -8(fp)', 'beq a0, zero, 0x80000014',
      'lui a0, 0x12345', 'jal ra, 0x80000000', 'jalr zero, 0(ra)', 'amoadd.w a0, a1, (a2)', 'lr.d a0, (a1)',
      'csrrw zero, mepc, t0', 'csrrwi a0, sstatus, 3', 'hlv.d a0, (a1)', 'husv.w a2, (a1)', 'uret', 'dv.read.vtimecmp a0',
      'hfence.gvma zero, zero', 'fence.i', 'wfi', 'sh2add a0, a1, a2', 'slli.uw a0, a1, 40', 'rori a0, a1, 63', 'roriw a0, a1, 31',
      'clz a0, a1', 'zext.h a0, a1', 'bexti a0, a1, 33', 'sinval.vma a0, a1', 'hinval.gvma zero, a1', 'sfence.inval.ir',
    ]; // prettier-ignore
    for (const line of source) {
      const first = assemble(line).bytes;
      const bits = new DataView(first.buffer).getUint32(0, true);
      const text = disassemble(decoder.decode(bits)!, 0x8000_0000n);
      expect(assemble(text).bytes, `${line} became ${text}`).toEqual(first);
    }
  });

  it('knows the published words of DV-ext (dv-ext.md 2.5, 4, 6, 7)', () => {
    const wordOf = (line: string): number => new DataView(assemble(line).bytes.buffer).getUint32(0, true);
    expect(wordOf('uret')).toBe(0x00200073);
    expect(wordOf('hufence.vvma x0, x0')).toBe(0xa2000073);
    expect(wordOf('hufence.gvma x0, x0')).toBe(0xe2000073);
    expect(wordOf('hulvx.hu t0, (t2)')).toBe(0xe433c2f3);
    expect(wordOf('hlvx.hu t0, (t2)')).toBe(0x6433c2f3);
    expect(wordOf('dv.write.vtimectl a0')).toBe(0xf0a01077);
    expect(wordOf('dv.set.vipi3 a0')).toBe(0xe8a03077);
    expect(wordOf('dv.clear.vipi0 a0')).toBe(0xc8a02077);
  });

  it('knows the published words of Zb* and Svinval', () => {
    const wordOf = (line: string): string =>
      new DataView(assemble(line).bytes.buffer).getUint32(0, true).toString(16).padStart(8, '0');
    // As GNU as 2.40 encodes them.
    expect(
      [
        'add.uw a0, a1, a2', 'sh1add a0, a1, a2', 'sh3add.uw a0, a1, a2', 'slli.uw a0, a1, 33', 'andn a0, a1, a2', 'xnor a0, a1, a2',
        'ctzw a0, a1', 'cpop a0, a1', 'maxu a0, a1, a2', 'sext.h a0, a1', 'zext.h a0, a1', 'rolw a0, a1, a2', 'rori a0, a1, 33',
        'roriw a0, a1, 3', 'orc.b a0, a1', 'rev8 a0, a1', 'bclri a0, a1, 33', 'bext a0, a1, a2', 'binv a0, a1, a2', 'bseti a0, a1, 33',
        'sinval.vma a0, a1', 'sfence.w.inval', 'sfence.inval.ir', 'hinval.vvma a0, a1', 'hinval.gvma a0, a1',
      ].map(wordOf),
    ).toEqual([
      '08c5853b', '20c5a533', '20c5e53b', '0a15951b', '40c5f533', '40c5c533',
      '6015951b', '60259513', '0ac5f533', '60559513', '0805c53b', '60c5953b', '6215d513',
      '6035d51b', '2875d513', '6b85d513', '4a159513', '48c5d533', '68c59533', '2a159513',
      '16b50073', '18000073', '18100073', '26b50073', '66b50073',
    ]);
  }); // prettier-ignore

  it('loads any 64-bit constant', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), (constant) => {
        let value = 0n;
        for (const bits of loadImmediate(5, constant)) {
          const { insn, imm } = decoder.decode(bits)!;
          if (insn.name === 'lui') value = BigInt(imm);
          else if (insn.name === 'slli') value = BigInt.asIntN(64, value << BigInt(imm));
          else if (insn.name === 'addiw') value = BigInt.asIntN(32, value + BigInt(imm));
          else value = BigInt.asIntN(64, (insn.name === 'addi' && value !== 0n ? value : 0n) + BigInt(imm));
        }
        expect(value).toBe(constant);
      }),
    );
  });

  it('says where a mistake is', () => {
    expect(() => assemble('nop\n  addi a0, a1\n')).toThrow('line 2');
    expect(() => assemble('frobnicate a0')).toThrow('unknown instruction frobnicate');
    expect(() => assemble('j nowhere')).toThrow('unknown symbol nowhere');
    expect(() => assemble('addi a0, a0, 5000')).toThrow('outside -2048..2047');
  });
});
