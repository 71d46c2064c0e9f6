/** Page tables and data of a random program, as [physical address, value]. */
import { PTE, RWX } from '../isa/page-tables.js';
import { extensionsOf, type Flavour } from './flavours.js';
import { CodeBuffer } from './machine-code.js';
import {
  BASE,
  DATA,
  FAR_WINDOW,
  GUEST_ROOT,
  HOST_ROOT,
  SECOND_STAGE_ROOT,
  WINDOW,
  WINDOW_PAGES,
  fourLevelRoot,
} from './program-map.js';
import type { Random } from './random.js';

const PAGE = 4096n;
/** Bytes of code on either side of a page's end. */
const STRADDLE = 32;
const leaf = (pa: bigint, flags: bigint): bigint => ((pa >> 12n) << 10n) | flags;
const pointer = (table: bigint): bigint => leaf(table, PTE.V);

/** Tables of one stage: root, the middle table of RAM's gigabyte, the middle and last tables of the window. */
const middle = (root: bigint): bigint => root + 4n * PAGE;
const windowMiddle = (root: bigint): bigint => root + 5n * PAGE;
export const windowEntry = (root: bigint, page: number): bigint => root + 6n * PAGE + 8n * BigInt(page);
export const secondStageDataEntry = (page: number): bigint => SECOND_STAGE_ROOT + 7n * PAGE + 8n * BigInt(page);

export function makeTables(random: Random, flavour: Flavour): [bigint, bigint][] {
  const words: [bigint, bigint][] = [];
  for (const root of [HOST_ROOT, GUEST_ROOT, SECOND_STAGE_ROOT]) {
    const far = 8n * (FAR_WINDOW >> 39n);
    words.push([fourLevelRoot(root), pointer(root)], [fourLevelRoot(root) + far, pointer(root)]);
  }
  for (const root of [HOST_ROOT, GUEST_ROOT]) {
    const user = random.oneIn(2) ? PTE.U : 0n;
    const dataUser = random.oneIn(2) ? PTE.U : 0n;
    words.push(
      [root + 8n * 2n, pointer(middle(root))],
      [root + 8n * (WINDOW >> 30n), pointer(windowMiddle(root))],
      [middle(root), leaf(BASE, RWX | user)],
      [middle(root) + 8n, leaf(DATA, (RWX & ~PTE.X) | dataUser)],
      [windowMiddle(root), pointer(root + 6n * PAGE)],
    );
    for (let page = 0; page < WINDOW_PAGES; page++) words.push([windowEntry(root, page), randomLeaf(random, flavour)]);
  }
  const root = SECOND_STAGE_ROOT;
  words.push(
    [root + 8n * 2n, pointer(middle(root))],
    [middle(root), leaf(BASE, RWX | PTE.U)],
    [middle(root) + 8n, pointer(root + 7n * PAGE)],
    [middle(root) + 16n, leaf(HOST_ROOT, (RWX & ~PTE.X) | PTE.U)],
  );
  for (let page = 0; page < 512; page++) {
    const entry =
      page < WINDOW_PAGES ? secondStageLeaf(random, page, flavour) : leaf(DATA + BigInt(page) * PAGE, RWX | PTE.U);
    words.push([secondStageDataEntry(page), entry]);
  }
  return words;
}

/** On QEMU a clear bit is no fault, so it is set already unless here too the walk sets it. */
const accessBits = (flavour: Flavour): bigint =>
  flavour.onQemu === true && !extensionsOf(flavour).has('svadu') ? PTE.A | PTE.D : 0n;

/** An entry of the window: mostly usable, sometimes anything. On QEMU never a device. */
export function randomLeaf(random: Random, flavour: Flavour): bigint {
  const frame = random.oneIn(20)
    ? random.pick(
        flavour.onQemu === true ? [0x40_0000_0000n] : [0x200_0000n, 0x1000_0000n, 0x7000_0000n, 0x40_0000_0000n],
      )
    : DATA + BigInt(random.below(WINDOW_PAGES)) * PAGE;
  const flags = random.oneIn(3) ? BigInt(random.below(256)) : RWX | (random.oneIn(2) ? PTE.U : 0n);
  const reserved = random.oneIn(40) ? 1n << BigInt(54 + random.below(10)) : 0n;
  return leaf(frame, flags | accessBits(flavour)) | reserved;
}

export function secondStageLeaf(random: Random, page: number, flavour: Flavour): bigint {
  const flags = random.oneIn(5) ? BigInt(random.below(256)) : RWX | PTE.U;
  return leaf(DATA + BigInt(page) * PAGE, flags | accessBits(flavour));
}

/** Random words here and there, and code that runs from the end of each page into the next. */
export function makeData(random: Random, straddling: () => number): [bigint, bigint][] {
  const scattered = Array.from({ length: 64 }, (_, i): [bigint, bigint] => [DATA + BigInt(i * 0x408), random.u64()]);
  const code = Array.from({ length: WINDOW_PAGES }, (_, i) => {
    const bytes = new CodeBuffer();
    while (bytes.length < 2 * STRADDLE) bytes.push(straddling());
    const view = new DataView(Uint8Array.from(bytes.bytes).buffer);
    const at = DATA + BigInt(i + 1) * PAGE - BigInt(STRADDLE);
    return Array.from({ length: STRADDLE / 4 }, (_, word): [bigint, bigint] => [
      at + BigInt(8 * word),
      view.getBigUint64(8 * word, true),
    ]);
  });
  return [...scattered, ...code.flat()];
}
