/** Short sequences that random instructions would hardly ever form: a new root, a timer set, code overwritten ... */
import { loadImmediate } from '../../libs/riscv-core/src/decode/assembler.js';
import { csrByName } from '../../libs/riscv-core/src/isa/csrs.js';
import { extensionsOf, type Flavour } from './flavours.js';
import { FIRST_RESERVED, randomInsn, register, type CodeBuffer, type Mix } from './machine-code.js';
import { DELEGABLE } from './program-frame.js';
import {
  DATA,
  FAR_WINDOW,
  GUEST_ROOT,
  HOST_ROOT,
  SECOND_STAGE_ROOT,
  SV39,
  SV48,
  WINDOW,
  WINDOW_PAGES,
  fourLevelRoot,
} from './program-map.js';
import { randomLeaf, secondStageDataEntry, secondStageLeaf, windowEntry } from './program-tables.js';
import { comparableStatus, excludedIdioms, legalPmpRights } from './qemu-deviations.js';
import type { Random } from './random.js';

/** Random writes of these could leave the machine's own handler unreachable. */
const forbidden = new Set(['mtvec', 'medeleg', 'hedeleg'].map((name) => csrByName(name)!.number));
const isForbidden = (number: number): boolean => forbidden.has(number) || (number >= 0x3a0 && number < 0x3f0);

/** A random instruction that leaves alone what the frame relies on. */
export function safeInsn(random: Random, mix: Mix): number {
  for (;;) {
    const bits = randomInsn(random, mix);
    const isCsr = (bits & 0x7f) === 0x73 && (bits & 0x3000) !== 0;
    if (isCsr && isForbidden(bits >>> 20)) continue;
    if (bits === 0x10500073) continue; // wfi: see idiom()
    const hasRd = (bits & 3) === 3 && ![0x23, 0x63].includes(bits & 0x7f);
    if (hasRd && ((bits >>> 7) & 31) >= FIRST_RESERVED) continue;
    return bits;
  }
}

export function idiom(random: Random, flavour: Flavour, code: CodeBuffer, here: bigint): void {
  const { temp0, temp1 } = register;
  const load = (rd: number, value: bigint): void => loadImmediate(rd, value).forEach((word) => code.push(word));
  const csrw = (name: string, value: bigint): void => {
    load(temp0, value);
    code.insn('csrrw', { rd: 0, rs1: temp0, csr: csrByName(name)!.number });
  };
  const fences = (): void => {
    code.insn('sfence.vma', { rs1: 0, rs2: 0 });
    if (!flavour.guests) return;
    code.insn('hfence.vvma', { rs1: 0, rs2: 0 });
    code.insn('hfence.gvma', { rs1: 0, rs2: 0 });
  };
  const extensions = extensionsOf(flavour);
  const window = (): bigint => (flavour.fourLevels === true && random.oneIn(2) ? FAR_WINDOW : WINDOW);
  /** satp, vsatp or hgatp without ASID. */
  const atp = (root: bigint): bigint =>
    flavour.fourLevels === true && random.oneIn(2) ? SV48 | (fourLevelRoot(root) >> 12n) : SV39 | (root >> 12n);
  const kinds = ['pointer', 'window', 'constant', 'code', 'reservation'];
  if (flavour.privileged)
    kinds.push('device', 'window code', 'timer', 'sleep', 'satp', 'pte', 'pmp', 'delegate', 'ipi');
  if (flavour.privileged) kinds.push('interrupts', 'interrupts', 'status');
  if (flavour.privileged) kinds.push('event counter');
  if (flavour.guests) kinds.push('vsatp', 'hgatp', 'gpte');
  if (flavour.privileged && extensions.has('sstc')) kinds.push('supervisor timer', 'supervisor timer');
  if (flavour.privileged && (extensions.has('svadu') || extensions.has('sstc'))) kinds.push('environment');
  if (flavour.dvext) kinds.push('hu', 'hu', 'uret', 'virtual timer', 'vipi');
  const noAtomics = flavour.onQemu === true && flavour.privileged;
  const usable = kinds.filter(
    (kind) => !(flavour.onQemu === true && excludedIdioms.has(kind)) && !(noAtomics && kind === 'reservation'),
  );
  switch (random.pick(usable)) {
    case 'pointer':
      return load(random.pick([2, 8, 9, register.data]), DATA + BigInt(random.below(0x8000) & ~7));
    case 'window':
      return load(register.window, window() + BigInt(random.below(WINDOW_PAGES * 4096) & ~7));
    case 'constant':
      return load(10 + random.below(8), random.interesting());
    case 'reservation': {
      // LR and SC of one size on one address; sometimes another store comes between.
      const suffix = random.pick(['w', 'd']);
      const base = random.pick([2, 8, 9, register.data]);
      code.insn(`lr.${suffix}`, { rd: 10, rs1: base, order: random.below(4) });
      if (random.oneIn(3)) code.insn('sd', { rs1: base, rs2: random.below(32), imm: 0 });
      return code.insn(`sc.${suffix}`, { rd: 11, rs1: base, rs2: random.below(32), order: random.below(4) });
    }
    case 'code':
      // Into this block or one of the next: some instruction that does no harm.
      load(temp0, here + BigInt(random.below(400) & ~3));
      load(
        temp1,
        BigInt(
          safeInsn(random, {
            extensions: new Set(['i', 'm']),
            privileged: false,
            csrs: [],
            otherCsrs: false,
            garbage: false,
            excluded: new Set(),
            tameAddresses: false,
          }),
        ),
      );
      code.insn(random.oneIn(4) ? 'sh' : 'sw', { rs1: temp0, rs2: temp1, imm: 0 });
      if (random.oneIn(2)) code.insn('fence.i', {});
      return;
    case 'timer':
    case 'sleep': {
      // mtimecmp := mtime + a little.
      load(temp0, 0x200_bff8n);
      code.insn('ld', { rd: temp1, rs1: temp0, imm: 0 });
      code.insn('addi', { rd: temp1, rs1: temp1, imm: random.below(4) });
      load(temp0, 0x200_4000n);
      code.insn('sd', { rs1: temp0, rs2: temp1, imm: 0 });
      load(temp1, 0x80n);
      code.insn('csrrs', { rd: 0, rs1: temp1, csr: csrByName('mie')!.number });
      if (random.oneIn(2)) code.insn('wfi', {});
      else code.insn('csrrsi', { rd: 0, rs1: 8, csr: csrByName('mstatus')!.number });
      return;
    }
    case 'device': {
      // CLINT with its mirrors, PLIC, UART: any size, mostly aligned.
      const [base, span] = random.pick([[0x200_0000n, 0x1_0000], [0x200_0000n, 0x20], [0x200_4000n, 0x20], [0x200_bff0n, 0x18], [0xc00_0000n, 0x2100], [0x1000_0000n, 8]] as const); // prettier-ignore
      load(temp0, base + BigInt(random.below(span)));
      const shift = random.below(4);
      if (!random.oneIn(8)) code.insn('andi', { rd: temp0, rs1: temp0, imm: -(1 << shift) });
      if (random.oneIn(3))
        return code.insn(['sb', 'sh', 'sw', 'sd'][shift]!, { rs1: temp0, rs2: random.below(32), imm: 0 });
      return code.insn(['lb', 'lhu', 'lw', 'ld'][shift]!, { rd: 10 + random.below(6), rs1: temp0, imm: 0 });
    }
    case 'window code':
      // Near the end of a page of the window, where there is code that runs into the next one.
      load(temp0, window() + BigInt(random.below(WINDOW_PAGES) * 4096 + 4096 - 2 * (1 + random.below(12))));
      return code.insn('jalr', { rd: 1, rs1: temp0, imm: 0 });
    case 'interrupts': {
      // Raise, delegate and enable some at once; whoever takes one switches all off.
      const bits = flavour.dvext ? 0x777n : flavour.guests ? 0x666n : 0x222n;
      const one = (): bigint => 1n << BigInt(random.below(12));
      const some = (): bigint => bits & (flavour.onQemu === true ? one() : random.u64() & random.u64());
      csrw('mideleg', random.u64() & bits);
      if (flavour.guests) csrw('hideleg', random.u64() & 0x444n);
      if (flavour.dvext) csrw('sideleg', random.u64() & 0x111n);
      csrw('mip', some());
      if (flavour.guests && flavour.onQemu !== true && random.oneIn(2)) csrw('hvip', some());
      csrw('mie', random.u64() & (bits | 0x80n));
      if (random.oneIn(2)) code.insn('csrrsi', { rd: 0, rs1: 2, csr: csrByName('sstatus')!.number });
      if (flavour.guests && random.oneIn(2)) code.insn('csrrsi', { rd: 0, rs1: 2, csr: csrByName('vsstatus')!.number });
      if (flavour.dvext && random.oneIn(2)) code.insn('csrrsi', { rd: 0, rs1: 1, csr: csrByName('hustatus')!.number });
      if (random.oneIn(4)) code.insn('csrrsi', { rd: 0, rs1: 8, csr: csrByName('mstatus')!.number });
      return code.insn(random.pick(['mret', 'sret', 'ecall']), {});
    }
    case 'status':
      // SIE, MIE, SPIE, MPIE, SPP, MPRV, SUM, MXR, TVM, TW, TSR.
      load(temp0, random.u64() & random.u64() & (flavour.onQemu === true ? comparableStatus : 0x7e_01aan));
      return code.insn(random.pick(['csrrs', 'csrrc']), { rd: 0, rs1: temp0, csr: csrByName('mstatus')!.number });
    case 'event counter': {
      // Some event, some modes left out; then what has been counted.
      csrw(`mhpmevent${random.pick([3, 4])}`, BigInt(random.below(28)) | (random.u64() & random.u64() & (31n << 58n)));
      return code.insn('csrrs', { rd: 10 + random.below(6), rs1: 0, csr: csrByName('mhpmcounter3')!.number });
    }
    case 'hu':
      csrw('sedeleg', random.u64());
      csrw('hstatus', 0x200n | (random.u64() & 0x180n));
      return;
    case 'uret':
      // To the next block in whatever mode hustatus names.
      csrw('hustatus', random.u64() & 0x1d1n);
      code.insn('csrrw', { rd: 0, rs1: register.resume, csr: csrByName('uepc')!.number });
      return code.insn('uret', {});
    case 'supervisor timer': {
      // stimecmp or vstimecmp := time + a little; with htimedelta far off it never comes.
      const guest = flavour.guests && random.oneIn(2);
      code.insn('csrrs', { rd: temp1, rs1: 0, csr: csrByName('time')!.number });
      code.insn('addi', { rd: temp1, rs1: temp1, imm: random.below(4) });
      code.insn('csrrw', { rd: 0, rs1: temp1, csr: csrByName(guest ? 'vstimecmp' : 'stimecmp')!.number });
      if (guest && random.oneIn(2)) csrw('htimedelta', BigInt(random.below(8)));
      load(temp1, guest ? 0x40n : 0x20n);
      code.insn('csrrs', { rd: 0, rs1: temp1, csr: csrByName('mie')!.number });
      if (random.oneIn(2)) code.insn('wfi', {});
      else code.insn('csrrsi', { rd: 0, rs1: 2, csr: csrByName(guest ? 'vsstatus' : 'sstatus')!.number });
      return;
    }
    case 'environment': {
      // STCE and ADUE of menvcfg and henvcfg; translations that depend on them are fenced.
      csrw(
        flavour.guests && random.oneIn(2) ? 'henvcfg' : 'menvcfg',
        random.u64() | (random.oneIn(2) ? 5n << 61n : 0n),
      );
      return fences();
    }
    case 'virtual timer':
      code.insn('csrrs', { rd: temp1, rs1: 0, csr: csrByName('time')!.number });
      code.insn('addi', { rd: temp1, rs1: temp1, imm: random.below(4) });
      code.insn('csrrw', { rd: 0, rs1: temp1, csr: csrByName('vtimecmp')!.number });
      csrw('vtimectl', BigInt(random.pick([0, 1, 9, 13, 13, 15])));
      return;
    case 'vipi':
      csrw('vcpuid', BigInt(random.below(256)));
      load(temp0, random.u64());
      return code.insn(random.pick(['csrrs', 'csrrc']), {
        rd: 0,
        rs1: temp0,
        csr: csrByName(`vipi${random.below(4)}`)!.number,
      });
    case 'ipi':
      load(temp0, 0x200_0000n + 4n * BigInt(random.below(flavour.options.harts ?? 1)));
      code.insn('addi', { rd: temp1, rs1: 0, imm: random.below(2) });
      code.insn('sw', { rs1: temp0, rs2: temp1, imm: 0 });
      return;
    case 'satp':
      csrw('satp', random.oneIn(3) ? 0n : (BigInt(random.below(3)) << 44n) | atp(HOST_ROOT));
      if (random.oneIn(2)) fences();
      return;
    case 'vsatp':
      return csrw('vsatp', random.oneIn(3) ? 0n : atp(GUEST_ROOT));
    case 'hgatp':
      return csrw(flavour.dvext && random.oneIn(2) ? 'hugatp' : 'hgatp', random.oneIn(3) ? 0n : atp(SECOND_STAGE_ROOT));
    case 'pte': {
      const root = random.oneIn(2) ? HOST_ROOT : GUEST_ROOT;
      load(temp0, windowEntry(root, random.below(WINDOW_PAGES)));
      load(temp1, randomLeaf(random, flavour));
      code.insn('sd', { rs1: temp0, rs2: temp1, imm: 0 });
      return fences();
    }
    case 'gpte': {
      const page = random.below(WINDOW_PAGES);
      load(temp0, secondStageDataEntry(page));
      load(temp1, secondStageLeaf(random, page, flavour));
      code.insn('sd', { rs1: temp0, rs2: temp1, imm: 0 });
      return fences();
    }
    case 'pmp': {
      // Entries 0 to 3 guard pieces of the data; entry 7 stays open.
      const entry = random.below(4);
      const size = BigInt(8 << random.below(10));
      csrw(`pmpaddr${entry}`, ((DATA + BigInt(random.below(0x8000) & ~7)) >> 2n) | (size / 8n - 1n));
      let config = 0x3fn << 56n;
      for (let i = 0n; i < 4n; i++) {
        // Off, NA4 or NAPOT, and TOR above the first; locked ones bind M-mode as well.
        const mode = BigInt(random.pick(i === 0n ? [0, 2, 3, 3] : [0, 1, 2, 3])) << 3n;
        const lock = random.oneIn(16) ? 0x80n : 0n;
        const rights = BigInt(flavour.onQemu === true ? random.pick(legalPmpRights) : random.below(8));
        const guest = flavour.onQemu !== true && random.oneIn(2) ? 0x20n : 0n;
        config |= (mode | lock | rights | guest) << (8n * i);
      }
      return csrw('pmpcfg0', config);
    }
    default:
      if (flavour.guests && random.oneIn(2)) return csrw('hedeleg', random.u64() & DELEGABLE);
      return csrw('medeleg', random.u64() & DELEGABLE);
  }
}
