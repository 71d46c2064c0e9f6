/** Sv39 (Privileged ISA 4.3, 4.4): one access of S- or U-mode per case, by its page-table entry. */
import { describe, expect, test } from 'vitest';
import { engineNames } from '../../libs/riscv-core/src/machine/engine.js';
import { PageTable, PTE, RWX } from './page-tables.js';
import { OPEN_PMP, Program, logged, runIn } from './program.js';

const ROOT = 0x8010_0000n;
const DATA = 0x8020_0000n;
const VA = 0x4000_1000n;
const { V, R, W, X, U, A, D } = PTE;

interface Case {
  readonly what: string;
  readonly flags: bigint;
  readonly access: 'ld' | 'sd' | 'jr';
  readonly mode?: 'S' | 'U';
  /** Bits of mstatus set before. */
  readonly status?: bigint;
  readonly level?: 0 | 1 | 2;
  readonly pa?: bigint;
  readonly cause: bigint | undefined;
}

const SUM = 1n << 18n;
const MXR = 1n << 19n;
const LOAD = 13n;
const STORE = 15n;
const FETCH = 12n;

const cases: readonly Case[] = [
  { what: 'a readable page can be read', flags: V | R | A, access: 'ld', cause: undefined },
  { what: 'an invalid entry faults', flags: R | A, access: 'ld', cause: LOAD },
  { what: 'write without read is reserved', flags: V | W | A | D, access: 'sd', cause: STORE },
  { what: 'a read-only page cannot be written', flags: V | R | A | D, access: 'sd', cause: STORE },
  { what: 'a clear accessed bit faults (Svade)', flags: V | R, access: 'ld', cause: LOAD },
  { what: 'a clear dirty bit faults on a store', flags: V | R | W | A, access: 'sd', cause: STORE },
  { what: 'a clear dirty bit does not matter to a load', flags: V | R | W | A, access: 'ld', cause: undefined },
  { what: 'S-mode may not read a user page', flags: V | R | U | A, access: 'ld', cause: LOAD },
  { what: 'SUM lets it', flags: V | R | U | A, access: 'ld', status: SUM, cause: undefined },
  { what: 'SUM does not let it execute there', flags: V | R | X | U | A, access: 'jr', status: SUM, cause: FETCH },
  { what: 'U-mode may not read a supervisor page', flags: V | R | A, access: 'ld', mode: 'U', cause: LOAD },
  { what: 'an execute-only page cannot be read', flags: V | X | A, access: 'ld', cause: LOAD },
  { what: 'MXR makes it readable', flags: V | X | A, access: 'ld', status: MXR, cause: undefined },
  { what: 'a page without execute cannot be executed', flags: V | R | W | A | D, access: 'jr', cause: FETCH },
  { what: 'a reserved bit faults', flags: V | R | A | (1n << 54n), access: 'ld', cause: LOAD },
  { what: 'N without Svnapot faults', flags: V | R | A | (1n << 63n), access: 'ld', cause: LOAD },
  { what: 'a pointer in the last level faults', flags: V, access: 'ld', cause: LOAD },
  { what: 'an aligned megapage works', flags: V | R | A, access: 'ld', level: 1, cause: undefined },
  { what: 'a misaligned megapage faults', flags: V | R | A, access: 'ld', level: 1, pa: DATA + 0x1000n, cause: LOAD },
  { what: 'a page outside memory is an access fault', flags: V | R | A, access: 'ld', pa: 0x7000_0000n, cause: 5n },
];

describe.each(engineNames)('%s', (engine) => {
  test.each(cases)('$what', ({ flags, access, mode = 'S', status = 0n, level = 0, pa = DATA, cause }) => {
    const use = { ld: 'ld s0, 0(a0)', sd: 'sd s0, 0(a0)', jr: 'jr a0' }[access];
    const p = new Program(
      logged(`
        ${OPEN_PMP}
        li   t0, ${status}
        csrs mstatus, t0
        li   t0, ${(8n << 60n) | (ROOT >> 12n)}
        csrw satp, t0
        sfence.vma
        li   a0, ${VA}
        ${runIn(mode, 'code', 'x')}
        j    end
.align 12
code:   ${use}
        ecall
.align 12
end:    nop
      `),
      engine,
    );
    const userCode = mode === 'U' ? U : 0n;
    const code = p.address('code');
    new PageTable(p, ROOT, 1).map(code, code, RWX | userCode).map(VA, pa, flags, level);
    p.poke(DATA + (VA & (level === 0 ? 0n : 0x1f_ffffn)), 77n);
    p.run();
    const [trap] = p.traps();
    if (cause === undefined) {
      expect(trap!.cause).toBe(mode === 'S' ? 9n : 8n);
      if (access === 'ld') expect(p.x('s0')).toBe(77n);
    } else {
      expect([trap!.cause, trap!.tval]).toEqual([cause, VA]);
      expect(trap!.epc).toBe(access === 'jr' ? VA : code);
    }
  });

  test('an address whose upper bits do not repeat bit 38 faults', () => {
    const p = new Program(
      logged(`
        ${OPEN_PMP}
        li   t0, ${(8n << 60n) | (ROOT >> 12n)}
        csrw satp, t0
        li   a0, ${VA | (1n << 39n)}
        ${runIn('S', 'code', 'x')}
        j    end
.align 12
code:   ld   s0, 0(a0)
.align 12
end:    nop
      `),
      engine,
    );
    new PageTable(p, ROOT, 1).map(p.address('code'), p.address('code'), RWX).map(VA, DATA, RWX);
    p.run();
    expect(p.traps().map((t) => [t.cause, t.tval])).toEqual([[LOAD, VA | (1n << 39n)]]);
  });

  test('MPRV makes loads of M-mode use the translation and rights of MPP', () => {
    const p = new Program(
      logged(`
        ${OPEN_PMP}
        li   t0, ${(8n << 60n) | (ROOT >> 12n)}
        csrw satp, t0
        li   a0, ${VA}
        li   t0, 0x1800
        csrc mstatus, t0
        la   s10, next
        li   t0, 0x20800
        csrs mstatus, t0
        ld   s0, 0(a0)
        li   t0, 0x800
        csrc mstatus, t0
        ld   s1, 0(a0)
next:   li   t0, 0x20000
        csrc mstatus, t0
      `),
      engine,
    );
    new PageTable(p, ROOT, 1).map(VA, DATA, V | R | A);
    p.poke(DATA, 5n).run();
    expect(p.x('s0')).toBe(5n);
    expect(p.traps().map((t) => [t.cause, t.tval])).toEqual([[LOAD, VA]]);
  });

  test('a write of satp with an unknown mode has no effect at all', () => {
    const p = new Program(
      logged(`
        li   t0, ${8n << 60n}
        csrw satp, t0
        li   t0, ${(11n << 60n) | 5n}
        csrw satp, t0
        csrr s0, satp
      `),
      engine,
    ).run();
    expect(p.x('s0')).toBe(8n << 60n);
  });
});
