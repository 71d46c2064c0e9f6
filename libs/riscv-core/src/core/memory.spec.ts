import { beforeEach, describe, expect, it } from 'vitest';
import * as L from '../hart/layout.js';
import { AMO_ADD, AMO_AND, AMO_MAX, AMO_MAXU, AMO_MIN, AMO_MINU, AMO_OR, AMO_SWAP, AMO_XOR } from '../isa/sysops.js';
import { atp, CoreKit, PTE, RAM, RWXAD } from './core.testkit.js';

const DATA = RAM + 0x10_0000n;
const UART = 0x1000_0000n;

describe('loads and stores', () => {
  it('extend as their kind says and leave the instruction to the caller', () => {
    const kit = new CoreKit();
    kit.setWord(DATA, 0xfedc_ba98_8765_4381n);
    const values = [0, 1, 2, 3, 4, 5, 6].map((kind) => kit.load(DATA, kind));
    expect(values).toEqual([
      0xffff_ffff_ffff_ff81n, 0x4381n, 0xffff_ffff_8765_4381n, 0xfedc_ba98_8765_4381n, 0x81n, 0x4381n, 0x8765_4381n,
    ]); // prettier-ignore
    expect([kit.event, kit.instret, kit.pc]).toEqual([L.EVENT_NONE, 0n, 0x8000_0100n]);
    kit.store(DATA + 4n, 0x1_0000_0055n, 0);
    expect(kit.word(DATA)).toBe(0xfedc_ba55_8765_4381n);
  });

  it('fill the filters, a load the one for reads only', () => {
    const kit = new CoreKit();
    const entry = (table: number): bigint[] => {
      const at = kit.linear.u32(kit.h + table) + (Number(DATA >> 12n) & 1023) * L.FILTER_ENTRY_SIZE;
      return [kit.linear.u64(at), BigInt((kit.linear.u32(at + 8) + Number(DATA & 0xffff_ffffn)) >>> 0)];
    };
    const filled = [DATA, BigInt(kit.at(DATA))];
    kit.load(DATA + 24n, 3);
    expect(entry(L.RFILTER)).toEqual(filled);
    expect(entry(L.WFILTER)[0]).toBe(BigInt(L.EMPTY_TAG));
    kit.store(DATA + 24n, 1n, 3);
    expect(entry(L.WFILTER)).toEqual(filled);
  });

  it('do not enter pages that PMP splits', () => {
    const kit = new CoreKit();
    kit.setCsr('pmpaddr0', (DATA + 0x800n) >> 2n);
    kit.setCsr('pmpcfg0', 0x0fn);
    kit.setBits('mstatus', (1n << 17n) | (1n << 11n));
    kit.load(DATA, 3);
    expect(kit.trap).toBeUndefined();
    const at = kit.linear.u32(kit.h + L.RFILTER) + (Number(DATA >> 12n) & 1023) * L.FILTER_ENTRY_SIZE;
    expect(kit.linear.u64(at)).toBe(BigInt(L.EMPTY_TAG));
    kit.load(DATA + 0x800n, 3);
    expect(kit.trap?.cause).toBe(5n);
  });

  it.each(['none', 'rocket'] as const)(
    'stop going the short way when PMP, a mode or a table begins to matter (%s)',
    (timing) => {
      const kit = new CoreKit({ machine: 'firesim', timing });
      kit.setWord(DATA, 1n);
      kit.setWord(DATA + 0x5000n, 2n);
      expect(kit.load(DATA, 3), 'M, nothing in the way').toBe(1n);

      // A locked entry without permissions holds for M too.
      kit.setCsr('pmpaddr0', ((DATA + 0x5000n) >> 2n) | 0x1ffn);
      kit.setCsr('pmpcfg0', 0x98n);
      expect(kit.load(DATA, 3), 'beside the entry').toBe(1n);
      kit.load(DATA + 0x5000n, 3);
      expect(kit.trap).toEqual({ to: 'M', cause: 5n, tval: DATA + 0x5000n });

      const other = new CoreKit({ machine: 'firesim', timing });
      other.setWord(DATA, 1n);
      other.setWord(DATA + 0x5000n, 2n);
      expect(other.load(DATA, 3)).toBe(1n);
      other.openPmp();
      const root = other.newTable();
      other.map(root, DATA, DATA + 0x5000n, RWXAD);
      other.setCsr('satp', atp(root));
      expect(other.load(DATA, 3), 'M is not translated').toBe(1n);
      // MPRV with MPP = S.
      other.setBits('mstatus', (1n << 17n) | (1n << 11n));
      expect(
        [1, 2, 3].map(() => other.load(DATA, 3)),
        'as S',
      ).toEqual([2n, 2n, 2n]);
      other.setBits('mstatus', 1n << 17n, false);
      expect(other.load(DATA, 3), 'as M again').toBe(1n);
    },
  );

  it('misaligned: emulated on virt, across pages too, checked before anything is written', () => {
    const kit = new CoreKit();
    kit.openPmp();
    const root = kit.newTable();
    kit.map(root, 0x1000n, DATA, RWXAD);
    const second = kit.map(root, 0x2000n, DATA + 0x5000n, RWXAD);
    kit.setCsr('satp', atp(root));
    kit.enter('HS');
    kit.store(0x1ffdn, 0x1122_3344_5566_7788n, 3);
    expect(kit.trap).toBeUndefined();
    expect(kit.load(0x1ffdn, 3)).toBe(0x1122_3344_5566_7788n);
    expect(kit.word(DATA + 0xff8n) >> 40n).toBe(0x66_7788n);
    expect(kit.word(DATA + 0x5000n)).toBe(0x11_2233_4455n);
    kit.setWord(second, 0n);
    kit.enter('HS');
    kit.store(0x1ffdn, 0n, 3);
    expect(kit.trap).toEqual({ to: 'M', cause: 15n, tval: 0x2000n });
    expect(kit.word(DATA + 0xff8n) >> 40n).toBe(0x66_7788n);
  });

  it('misaligned: a trap on firesim', () => {
    const kit = new CoreKit({ machine: 'firesim', timing: 'none' });
    kit.load(DATA + 1n, 1);
    expect(kit.trap).toEqual({ to: 'M', cause: 4n, tval: DATA + 1n });
    kit.store(DATA + 2n, 0n, 2);
    expect(kit.trap).toEqual({ to: 'M', cause: 6n, tval: DATA + 2n });
  });

  it('devices: the core finishes the instruction; nothing there is an access fault', () => {
    const kit = new CoreKit();
    kit.load(UART, 0);
    expect(kit.event).toBe(L.EVENT_DONE);
    expect(kit.x(5)).toBe(0xffff_ffff_ffff_ff81n);
    expect([kit.pc, kit.instret]).toEqual([0x8000_0104n, 1n]);
    kit.store(UART + 4n, 0x1ffn, 0);
    expect(kit.device).toEqual(['load 0x10000000 1', 'store 0x10000004 1 0xff']);
    kit.load(0x4000_0000n, 2);
    expect(kit.trap).toEqual({ to: 'M', cause: 5n, tval: 0x4000_0000n });
    kit.store(0x4000_0000n, 0n, 2);
    expect(kit.trap?.cause).toBe(7n);
    kit.load(RAM + 0x40_0000n, 3);
    expect(kit.trap?.cause).toBe(5n);
  });

  it('the last bytes of RAM are RAM', () => {
    const kit = new CoreKit();
    kit.store(RAM + 0x3f_fff8n, 7n, 3);
    expect(kit.trap).toBeUndefined();
    kit.load(RAM + 0x3f_fffcn, 3);
    expect(kit.trap?.cause).toBe(4n);
  });

  it('a store to tohost is told to the machine each time', () => {
    const kit = new CoreKit();
    kit.linear.setU64(L.M_HTIF_TOHOST, BigInt(kit.at(DATA + 8n)));
    kit.store(DATA, 1n, 3);
    expect([kit.event, kit.tohostStores]).toEqual([L.EVENT_NONE, 0]);
    kit.store(DATA + 12n, 1n, 2);
    kit.store(DATA + 8n, 1n, 2);
    expect([kit.event, kit.tohostStores]).toEqual([L.EVENT_DONE, 2]);
  });
});

describe('atomics', () => {
  it('every operation, both widths', () => {
    const kit = new CoreKit();
    const run = (operation: number, size: number, old: bigint, operand: bigint): bigint => {
      kit.setWord(DATA, old);
      kit.amo(DATA, operand, size | (operation << 4));
      return kit.word(DATA);
    };
    const minusOne = (1n << 64n) - 1n;
    expect(
      [AMO_SWAP, AMO_ADD, AMO_XOR, AMO_AND, AMO_OR, AMO_MIN, AMO_MAX, AMO_MINU, AMO_MAXU].map((op) =>
        run(op, 3, minusOne, 6n),
      ),
    ).toEqual([6n, 5n, minusOne - 6n, 6n, minusOne, minusOne, 6n, 6n, minusOne]);
    expect([AMO_MIN, AMO_MAX, AMO_MINU, AMO_MAXU, AMO_ADD].map((op) => run(op, 2, 0x7_ffff_ffffn, 6n))).toEqual([
      0x7_ffff_ffffn, 0x7_0000_0006n, 0x7_0000_0006n, 0x7_ffff_ffffn, 0x7_0000_0005n,
    ]); // prettier-ignore
    kit.setWord(DATA, 0x8000_0000n);
    expect(kit.amo(DATA, 0n, 2 | (AMO_OR << 4))).toBe(0xffff_ffff_8000_0000n);
  });

  it('must be aligned and in RAM', () => {
    const kit = new CoreKit();
    kit.amo(DATA + 4n, 0n, 3);
    expect(kit.trap?.cause).toBe(6n);
    kit.lr(DATA + 2n, 2);
    expect(kit.trap?.cause).toBe(4n);
    kit.amo(UART, 0n, 2);
    expect(kit.trap?.cause).toBe(7n);
    kit.lr(UART, 2);
    expect(kit.trap?.cause).toBe(5n);
    expect(kit.device).toEqual([]);
  });

  it('an AMO on a page that may only be read is a store fault', () => {
    const kit = new CoreKit();
    kit.openPmp();
    const root = kit.newTable();
    kit.map(root, 0x1000n, DATA, PTE.V | PTE.R | PTE.A | PTE.D);
    kit.setCsr('satp', atp(root));
    kit.enter('HS');
    kit.amo(0x1000n, 0n, 3);
    expect(kit.trap).toEqual({ to: 'M', cause: 15n, tval: 0x1000n });
  });

  it('SC succeeds once, for the same bytes, while they hold the value that LR read', () => {
    const kit = new CoreKit();
    kit.setWord(DATA, 5n);
    expect(kit.sc(DATA, 6n, 3)).toBe(1n);
    expect(kit.lr(DATA, 3)).toBe(5n);
    expect(kit.sc(DATA, 6n, 3)).toBe(0n);
    expect(kit.sc(DATA, 7n, 3)).toBe(1n);
    expect(kit.word(DATA)).toBe(6n);
    kit.lr(DATA, 3);
    kit.setWord(DATA, 8n);
    expect(kit.sc(DATA, 9n, 3)).toBe(1n);
    kit.lr(DATA, 3);
    expect(kit.sc(DATA, 9n, 2)).toBe(1n);
    kit.lr(DATA, 3);
    expect(kit.sc(DATA + 8n, 9n, 3)).toBe(1n);
    expect(kit.word(DATA)).toBe(8n);
  });
});

describe('code slots', () => {
  let kit: CoreKit;
  beforeEach(() => {
    kit = new CoreKit();
  });
  const lines = (slot: number): number => slot + L.CODE_SLOT_LINES;

  it('a page of code gets a slot once, found again by page', () => {
    const slot = kit.core.code_lookup(kit.h, DATA + 0x10n);
    expect(slot).toBe(L.CODE_SLOTS);
    expect(kit.linear.u64(slot + L.CODE_SLOT_PAGE)).toBe(DATA);
    expect(kit.core.code_lookup(kit.h, DATA + 0xff0n)).toBe(slot);
    expect(kit.core.code_lookup(kit.h, DATA + 0x1000n)).toBe(L.CODE_SLOTS + L.CODE_SLOT_STRIDE);
    expect(kit.linear.u32(kit.h + L.CODE_BASE)).toBe(L.CODE_SLOTS + L.CODE_SLOT_STRIDE);
  });

  it('its page leaves the write filters of every hart', () => {
    const two = new CoreKit({ harts: 2 });
    two.store(DATA, 1n, 3);
    const entry = two.linear.u32(two.h + L.WFILTER) + (Number(DATA >> 12n) & 1023) * L.FILTER_ENTRY_SIZE;
    expect(two.linear.u64(entry)).toBe(DATA);
    two.core.code_lookup(two.h + L.HART_STRIDE, DATA);
    expect(two.linear.u64(entry)).toBe(BigInt(L.EMPTY_TAG));
    two.store(DATA, 1n, 3);
    expect(two.linear.u64(entry)).toBe(BigInt(L.EMPTY_TAG));
  });

  it('a store into a decoded line drops the slot, one beside it does not', () => {
    const slot = kit.core.code_lookup(kit.h, DATA);
    kit.linear.setU64(lines(slot), 1n << 2n);
    kit.linear.setU32(slot + 16 * 64, 0x1234);
    kit.store(DATA + 0xc0n, 1n, 3);
    expect(kit.event).toBe(L.EVENT_NONE);
    kit.store(DATA + 0xbfn, 1n, 0);
    expect(kit.event).toBe(L.EVENT_DONE);
    expect([kit.pc, kit.instret]).toEqual([0x8000_0104n, 1n]);
    // Not before the poll that follows: the storing instruction's own record may be among them.
    expect(kit.linear.u32(slot + 16 * 64)).toBe(0x1234);
    kit.core.poll(kit.h);
    expect(kit.linear.u32(slot + 16 * 64)).toBe(0);
    expect(kit.linear.u64(slot + L.CODE_SLOT_PAGE)).toBe(0n);
    // The stale look-up entry is not believed.
    expect(kit.core.code_lookup(kit.h, DATA)).toBe(slot + L.CODE_SLOT_STRIDE);
  });

  it('a store across two pages of code drops both', () => {
    const slots = [DATA, DATA + 0x1000n].map((page) => kit.core.code_lookup(kit.h, page));
    for (const slot of slots) kit.linear.setU64(lines(slot), (1n << 64n) - 1n);
    kit.store(DATA + 0xffdn, 1n, 3);
    kit.core.poll(kit.h);
    expect(slots.map((slot) => kit.linear.u64(slot + L.CODE_SLOT_PAGE))).toEqual([0n, 0n]);
  });

  it('dropping code is no yield point: the next poll takes no interrupt, unless the pc left its page', () => {
    for (const [pc, taken] of [
      [0x8000_0100n, false],
      [0x8000_0ffcn, true],
    ] as const) {
      const fresh = new CoreKit();
      fresh.setBits('mstatus', 8n);
      fresh.setCsr('mie', 8n);
      fresh.linear.setU32(L.M_MSIP, 1);
      const slot = fresh.core.code_lookup(fresh.h, DATA);
      fresh.linear.setU64(lines(slot), 1n);
      fresh.pc = pc;
      fresh.store(DATA, 1n, 3);
      expect(fresh.core.poll(fresh.h)).toBe(L.STOP_NONE);
      expect(fresh.csr('mcause') !== 0n).toBe(taken);
      fresh.core.poll(fresh.h);
      expect(fresh.csr('mcause')).toBe((1n << 63n) | 3n);
    }
  });

  it('a device that writes RAM drops the code it writes to, and no other', () => {
    const slots = [0n, 0x1000n, 0x2000n].map((offset) => kit.core.code_lookup(kit.h, DATA + offset));
    for (const slot of slots) kit.linear.setU64(lines(slot), 1n << 63n);
    const pages = (): bigint[] => slots.map((slot) => kit.linear.u64(slot + L.CODE_SLOT_PAGE) & 0xfff_ffffn);
    kit.core.memory_written(DATA + 0xfffn, 2n);
    kit.core.poll(kit.h);
    expect(pages()).toEqual([0n, 0x10_1000n, 0x10_2000n]);
    kit.core.memory_written(DATA, 0x3000n);
    kit.core.poll(kit.h);
    expect(pages()).toEqual([0n, 0n, 0n]);
  });

  it('RAM changed from outside: every slot is dropped by the next poll', () => {
    const slots = [DATA, DATA + 0x1000n].map((page) => kit.core.code_lookup(kit.h, page));
    const pages = (): bigint[] => slots.map((slot) => kit.linear.u64(slot + L.CODE_SLOT_PAGE));
    kit.core.drop_all_code();
    expect(pages()).toEqual([DATA, DATA + 0x1000n]);
    kit.core.poll(kit.h);
    expect(pages()).toEqual([0n, 0n]);
  });

  it('when all slots are taken, all are dropped', () => {
    const big = new CoreKit({ memoryBytes: 8 * 1024 * 1024 });
    for (let i = 0; i < L.CODE_SLOT_COUNT; i++) big.core.code_lookup(big.h, RAM + BigInt(i) * 4096n);
    expect(big.core.code_lookup(big.h, RAM)).toBe(L.CODE_SLOTS);
    expect(big.core.code_lookup(big.h, RAM + 0x40_0000n)).toBe(L.CODE_SLOTS);
    expect(big.core.code_lookup(big.h, RAM)).toBe(L.CODE_SLOTS + L.CODE_SLOT_STRIDE);
  });

  it('faults of fetches: translation, PMP, not RAM', () => {
    kit.core.code_lookup(kit.h, UART);
    expect(kit.trap).toEqual({ to: 'M', cause: 1n, tval: UART });
    kit.enter('HS');
    kit.core.code_lookup(kit.h, DATA);
    expect(kit.trap).toEqual({ to: 'M', cause: 1n, tval: DATA });
    kit.openPmp();
    kit.setCsr('satp', atp(kit.newTable()));
    kit.enter('HS');
    expect(kit.core.code_lookup(kit.h, DATA)).toBe(0);
    expect(kit.trap).toEqual({ to: 'M', cause: 12n, tval: DATA });
  });

  it('an instruction across two pages: decoded from both halves, a fault names the second page', () => {
    kit.openPmp();
    const root = kit.newTable();
    kit.map(root, 0x1000n, DATA, RWXAD);
    const second = kit.map(root, 0x2000n, DATA + 0x3000n, RWXAD);
    kit.setCsr('satp', atp(root));
    kit.enter('HS');
    kit.setWord(DATA + 0xff8n, 0x8073_0000_0000_0000n);
    kit.setWord(DATA + 0x3000n, 0x3452n);
    kit.core.code_lookup(kit.h, 0x1ffen);
    expect(kit.core.fetch_cross(kit.h, 0x1ffen)).toBe(kit.rec);
    expect(kit.linear.u32(kit.h + L.CROSS_BITS)).toBe(0x3452_8073);
    kit.setWord(second, 0n);
    kit.pc = 0x1ffen;
    expect(kit.core.fetch_cross(kit.h, 0x1ffen)).toBe(0);
    expect(kit.trap).toEqual({ to: 'M', cause: 12n, tval: 0x2000n });
    expect(kit.csr('mepc')).toBe(0x1ffen);
  });
});
