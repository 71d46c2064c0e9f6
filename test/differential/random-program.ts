/**
 * Random programs that wander through all modes. A program is a row of blocks of random code; every block first notes
 * where the next one begins, and a trap, wherever it is taken, goes on there, in another mode as often as not. So no
 * sequence of random instructions can stop a program from reaching its end or its instruction limit.
 *
 *   0x8000_0000  set-up: registers, delegation, PMP
 *   0x8000_1000  handlers of M, HS, VS, HU
 *   0x8000_2000  blocks
 *   0x8020_0000  data; the window at virtual 0x20_0000_0000 shows pages of it through random page-table entries
 *   0x8040_0000  page tables: satp, vsatp, hgatp
 *   0x8070_0000  log of the traps, if the program keeps one
 *
 * Fetch faults are never delegated: with a handler that cannot be fetched a delegated one would repeat for ever.
 */
import { assemble, loadImmediate } from '../../libs/riscv-core/src/decode/assembler.js';
import { csrByName } from '../../libs/riscv-core/src/isa/csrs.js';
import type { MachineOptions } from '../../libs/riscv-core/src/machine/config.js';
import { PTE, RWX } from '../isa/page-tables.js';
import { CodeBuffer, FIRST_RESERVED, randomFlow, randomInsn, register, type Mix } from './machine-code.js';
import {
  comparableStatus,
  legalPmpRights,
  excludedCsrs,
  excludedIdioms,
  excludedInstructions,
} from './qemu-deviations.js';
import type { Random } from './random.js';

const BASE = 0x8000_0000n;
const HANDLERS = 0x1000;
const BLOCKS = 0x2000;
export const DATA = 0x8020_0000n;
const WINDOW = 0x20_0000_0000n;
const WINDOW_PAGES = 32;
const HOST_ROOT = 0x8040_0000n;
const GUEST_ROOT = 0x8050_0000n;
const SECOND_STAGE_ROOT = 0x8060_0000n;
/** Behind the handlers: the way out. */
const FINISH = 0xe00;
export const LOG = 0x8070_0000n;
export const LOG_RECORD = 224;
const LOG_RECORDS = 1000;
const HANDLER_SPACING = 0x400;
const SV39 = 8n << 60n;
export const RAM_BYTES = 8 << 20;

/** What a kind of random program is made of. */
export interface Flavour {
  readonly name: string;
  readonly options: MachineOptions;
  /** Instructions of opcode SYSTEM, CSRs, traps into other modes. */
  readonly privileged: boolean;
  /** V=1, two-stage translation, the H extension. */
  readonly guests: boolean;
  readonly dvext: boolean;
  /**
   * The program can also run on QEMU: every trap writes registers to a log that the program sends to its UART at the end,
   * and what QEMU does otherwise is left out (qemu-deviations.ts).
   */
  readonly onQemu?: boolean;
}

export interface RandomProgram {
  readonly image: Uint8Array;
  /** [physical address, value] of page-table entries and data. */
  readonly words: readonly (readonly [bigint, bigint])[];
}

const plainCsrs = [
  'mscratch', 'mepc', 'mcause', 'mtval', 'mie', 'mip', 'mideleg', 'mcounteren', 'scounteren', 'mstatus', 'sstatus', 'sscratch', 'sepc',
  'scause', 'stval', 'sie', 'sip', 'senvcfg', 'menvcfg', 'mcycle', 'minstret', 'cycle', 'time', 'instret', 'misa', 'mhartid', 'satp',
] as const; // prettier-ignore
const guestCsrs = [
  'mtval2', 'mtinst', 'hstatus', 'hideleg', 'hie', 'hip', 'hvip', 'htval', 'htinst', 'htimedelta', 'hcounteren', 'henvcfg', 'vsstatus', 'vsie',
  'vsip', 'vsscratch', 'vsepc', 'vscause', 'vstval', 'vsatp', 'hgatp', 'hgeip',
] as const; // prettier-ignore
const dvCsrs = [
  'hustatus', 'huie', 'huip', 'huvip', 'hutval', 'hucounteren', 'hutimedelta', 'hutinst', 'hugatp', 'uscratch', 'uepc', 'ucause', 'utval', 'sedeleg',
  'sideleg', 'vtimecmp', 'vtimectl', 'vcpuid', 'vipi0', 'vipi3', 'huvsstatus', 'huvsie', 'huvsip', 'huvsepc', 'huvsscratch_alias', 'uepc_alias',
  'h_enable', 'h_vmid',
] as const; // prettier-ignore

/** What may be delegated: not fetch faults (1, 12, 20), and not what calls the machine back (9, 11). */
const DELEGABLE = 0xf0_b7ffn & ~((1n << 1n) | (1n << 12n) | (1n << 20n) | (1n << 9n) | (1n << 11n));
/** Random writes of these could leave the machine's own handler unreachable. */
const forbidden = new Set(['mtvec', 'medeleg', 'hedeleg'].map((name) => csrByName(name)!.number));
const isForbidden = (number: number): boolean => forbidden.has(number) || (number >= 0x3a0 && number < 0x3f0);

export function makeProgram(random: Random, flavour: Flavour, blocks: number): RandomProgram {
  const onQemu = flavour.onQemu === true;
  const tables = makeTables(random, onQemu);
  const names = [...plainCsrs, ...(flavour.guests ? guestCsrs : []), ...(flavour.dvext ? dvCsrs : [])].filter(
    (name) => !onQemu || !excludedCsrs.has(name),
  );
  const code = new CodeBuffer();
  const mix: Mix = {
    extensions: new Set([
      'i',
      'm',
      // What AMO, LR and SC do where they fault is a known deviation (qemu-deviations.ts).
      ...(onQemu && flavour.privileged ? [] : ['a']),
      'zicsr',
      'zifencei',
      's',
      ...(flavour.guests ? ['h'] : []),
      ...(flavour.dvext ? ['dvext'] : []),
    ]),
    privileged: flavour.privileged,
    csrs: names.map((name) => csrByName(name)!.number),
    otherCsrs: !onQemu,
    garbage: flavour.privileged && !onQemu,
    excluded: onQemu ? excludedInstructions : new Set(),
    tameAddresses: onQemu,
  };
  for (let i = 0; i < blocks; i++) appendBlock(random, flavour, mix, code);
  const setUp = assemble(setUpText(random, flavour), BASE).bytes;
  const handlers = assemble(handlerText(flavour), BASE + BigInt(HANDLERS)).bytes;
  // Only M-mode may read mscratch: in any other the handler comes back to this block until the mode is right.
  const end = new CodeBuffer();
  appendResume(end, -8);
  end.insn('csrrs', { rd: register.temp0, rs1: 0, csr: csrByName('mscratch')!.number });
  for (const word of loadImmediate(register.temp1, BASE + BigInt(HANDLERS + FINISH))) end.push(word);
  end.insn('jalr', { rd: 0, rs1: register.temp1, imm: 0 });

  const finish = assemble(finishText(flavour), BASE + BigInt(HANDLERS + FINISH)).bytes;
  const image = new Uint8Array(BLOCKS + code.length + end.length);
  image.set(setUp, 0);
  image.set(handlers, HANDLERS);
  image.set(finish, HANDLERS + FINISH);
  image.set(code.bytes, BLOCKS);
  image.set(end.bytes, BLOCKS + code.length);
  if (setUp.length > HANDLERS || handlers.length > FINISH || finish.length > BLOCKS - HANDLERS - FINISH)
    throw new Error('frame of the random program is too long');
  return { image, words: [...tables, ...makeData(random)] };
}

/** s11 := this place + 8 + `length`: the block's end, where a trap goes on. */
function appendResume(code: CodeBuffer, length: number): void {
  code.insn('auipc', { rd: register.resume, imm: 0 });
  code.insn('addi', { rd: register.resume, rs1: register.resume, imm: 8 + length });
}

function appendBlock(random: Random, flavour: Flavour, mix: Mix, code: CodeBuffer): void {
  const body = new CodeBuffer();
  const items = 3 + random.below(8);
  for (let i = 0; i < items; i++) {
    if (random.oneIn(4)) randomFlow(random, mix, body);
    else if (random.oneIn(flavour.privileged ? 4 : 12))
      idiom(random, flavour, body, BASE + BigInt(BLOCKS + code.length));
    else body.push(safeInsn(random, mix));
  }
  appendResume(code, body.length);
  code.bytes.push(...body.bytes);
}

/** A random instruction that leaves alone what the frame relies on. */
function safeInsn(random: Random, mix: Mix): number {
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

/** Short sequences that random instructions would hardly ever form. */
function idiom(random: Random, flavour: Flavour, code: CodeBuffer, here: bigint): void {
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
  const kinds = ['pointer', 'window', 'constant', 'code', 'reservation'];
  if (flavour.privileged) kinds.push('timer', 'sleep', 'satp', 'pte', 'pmp', 'delegate', 'ipi');
  if (flavour.privileged) kinds.push('interrupts', 'interrupts', 'status');
  if (flavour.guests) kinds.push('vsatp', 'hgatp', 'gpte');
  if (flavour.dvext) kinds.push('hu', 'hu', 'uret', 'virtual timer', 'vipi');
  const noAtomics = flavour.onQemu === true && flavour.privileged;
  const usable = kinds.filter(
    (kind) => !(flavour.onQemu === true && excludedIdioms.has(kind)) && !(noAtomics && kind === 'reservation'),
  );
  switch (random.pick(usable)) {
    case 'pointer':
      return load(random.pick([2, 8, 9, register.data]), DATA + BigInt(random.below(0x8000) & ~7));
    case 'window':
      return load(register.window, WINDOW + BigInt(random.below(WINDOW_PAGES * 4096) & ~7));
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
    case 'hu':
      csrw('sedeleg', random.u64());
      csrw('hstatus', 0x200n | (random.u64() & 0x180n));
      return;
    case 'uret':
      // To the next block in whatever mode hustatus names.
      csrw('hustatus', random.u64() & 0x1d1n);
      code.insn('csrrw', { rd: 0, rs1: register.resume, csr: csrByName('uepc')!.number });
      return code.insn('uret', {});
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
      load(temp0, 0x200_0000n);
      code.insn('addi', { rd: temp1, rs1: 0, imm: random.below(2) });
      code.insn('sw', { rs1: temp0, rs2: temp1, imm: 0 });
      return;
    case 'satp':
      csrw('satp', random.oneIn(3) ? 0n : SV39 | (BigInt(random.below(3)) << 44n) | (HOST_ROOT >> 12n));
      if (random.oneIn(2)) fences();
      return;
    case 'vsatp':
      return csrw('vsatp', random.oneIn(3) ? 0n : SV39 | (GUEST_ROOT >> 12n));
    case 'hgatp':
      return csrw(
        flavour.dvext && random.oneIn(2) ? 'hugatp' : 'hgatp',
        random.oneIn(3) ? 0n : SV39 | (SECOND_STAGE_ROOT >> 12n),
      );
    case 'pte': {
      const root = random.oneIn(2) ? HOST_ROOT : GUEST_ROOT;
      load(temp0, windowEntry(root, random.below(WINDOW_PAGES)));
      load(temp1, randomLeaf(random, flavour.onQemu === true));
      code.insn('sd', { rs1: temp0, rs2: temp1, imm: 0 });
      return fences();
    }
    case 'gpte': {
      const page = random.below(WINDOW_PAGES);
      load(temp0, secondStageDataEntry(page));
      load(temp1, secondStageLeaf(random, page, flavour.onQemu === true));
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
        // Off, NA4 or NAPOT; locked ones bind M-mode as well.
        const mode = BigInt(random.pick([0, 2, 3, 3])) << 3n;
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

function setUpText(random: Random, flavour: Flavour): string {
  const lines = [
    `la t0, m_trap_address`,
    ...['mtvec', 'stvec', ...(flavour.guests ? ['vstvec'] : []), ...(flavour.dvext ? ['utvec'] : [])].flatMap(
      (name, i) => [`ld t1, ${8 * i}(t0)`, `csrw ${name}, t1`],
    ),
    'li t0, -1',
    'srli t0, t0, 10',
    'csrw pmpaddr7, t0',
    `li t0, ${0x3fn << 56n}`,
    'csrw pmpcfg0, t0',
    `li t0, ${random.u64() & DELEGABLE}`,
    'csrw medeleg, t0',
    `li t0, ${random.u64() & 0x222n}`,
    'csrw mideleg, t0',
    'li t0, 7',
    'csrw mcounteren, t0',
    'csrw scounteren, t0',
  ];
  if (flavour.guests) {
    lines.push(
      `li t0, ${random.u64() & DELEGABLE}`,
      'csrw hedeleg, t0',
      `li t0, ${random.u64() & 0x444n}`,
      'csrw hideleg, t0',
      'csrw hcounteren, t1',
      `li t0, ${0x200n | (random.u64() & 0x100n)}`,
      'csrw hstatus, t0',
    );
  }
  for (let x = 1; x < 32; x++) lines.push(`li x${x}, ${random.interesting()}`);
  for (const x of [2, 8, 9, register.data]) lines.push(`li x${x}, ${DATA + BigInt(0x1000 * (x % 4))}`);
  if (flavour.onQemu === true)
    lines.push('li t0, 0x2004000', 'li t1, -1', 'sd t1, 0(t0)', `li t0, ${LOG}`, 'csrw mscratch, t0', 'li t0, 0');
  lines.push(
    `li x${register.window}, ${WINDOW + 0x8000n}`,
    `li x${register.mode}, ${random.u32()}`,
    `li x${register.temp0}, ${BASE + BigInt(BLOCKS)}`,
    `jr x${register.temp0}`,
    '.align 3',
    `m_trap_address: .dword ${handlerNames.map((_, i) => BASE + BigInt(HANDLERS + HANDLER_SPACING * i)).join(', ')}`,
  );
  return lines.join('\n');
}

const handlerNames = ['m_trap', 's_trap', 'vs_trap', 'hu_trap'] as const;

/** Each handler at a multiple of HANDLER_SPACING. Registers x25 and x28..x31 are theirs. */
function handlerText(flavour: Flavour): string {
  const guestFences = flavour.guests ? 'hfence.vvma\nhfence.gvma' : '';
  const back = (returns: string): string => `
    addi x25, x25, 1
    andi x28, x25, 1
    beqz x28, ${returns}_now
    ecall
${returns}_now: ${returns}`;
  return `
m_trap:
    csrr x29, mstatus
    li   x28, 0x20000
    csrc mstatus, x28
    ${flavour.onQemu === true ? logText(flavour) : ''}
    sfence.vma
    ${guestFences}
    csrr x28, mcause
    bgez x28, next_mode
    csrw mie, x0
    li   x28, 0x2000000
    sw   x0, 0(x28)
next_mode:
    li   x29, 1103515245
    mul  x25, x25, x29
    addi x25, x25, 1234
    srli x28, x25, 13
    li   x29, 0x1800
    csrc mstatus, x29
    srli x30, x28, 1
    or   x28, x28, x30
    and  x28, x28, x29
    csrs mstatus, x28
    ${flavour.onQemu === true ? 'beq  x28, x29, no_guest' : ''}
    li   x29, ${1n << 39n}
    csrc mstatus, x29
    slli x28, x25, 15
    and  x28, x28, x29
    csrs mstatus, x28
no_guest:
    csrw mepc, x27
    mret
.align 10
s_trap:
    csrw sie, x0
    ${flavour.guests ? 'csrw hie, x0' : ''}
    csrw sepc, x27
    ${back('sret')}
.align 10
vs_trap:
    csrw sie, x0
    csrw sepc, x27
    addi x25, x25, 1
    andi x28, x25, 1
    beqz x28, vs_return
    ecall
vs_return: sret
.align 10
hu_trap:
    ${flavour.dvext ? `csrw huie, x0\ncsrw uepc, x27\n${back('uret')}` : 'nop'}
`;
}

/** Appends a record to the log, whose end is in mscratch. A full log ends the program. */
function logText(flavour: Flavour): string {
  const stored: readonly string[] = [
    ...['mcause', 'mepc', 'mtval', ...(flavour.guests ? ['mtval2'] : [])].map(
      (name, i) => `csrr x29, ${name}\n sd x29, ${8 * (i + 1)}(x28)`,
    ),
    ...Array.from({ length: FIRST_RESERVED - 1 }, (_, i) => `sd x${i + 1}, ${8 * (5 + i)}(x28)`),
  ];
  return `
    csrr x28, mscratch
    sd   x29, 0(x28)
    ${stored.join('\n')}
    addi x28, x28, ${LOG_RECORD}
    csrw mscratch, x28
    li   x29, ${LOG + BigInt(LOG_RECORD * LOG_RECORDS)}
    blt  x28, x29, logged
    li   x29, ${BASE + BigInt(HANDLERS + FINISH)}
    jr   x29
logged:`;
}

/** x28 = end of the log. Sends the log, then the data, to the UART and stops the machine. */
function finishText(flavour: Flavour): string {
  const send = (from: bigint, to: string, id: number): string => `
    li   x29, ${from}
send${id}: bgeu x29, ${to}, sent${id}
    lbu  x31, 0(x29)
    sb   x31, 0(x30)
    addi x29, x29, 1
    j    send${id}
sent${id}:`;
  return `
    li   x30, 0x10000000
    ${flavour.onQemu === true ? `${send(LOG, 'x28', 1)}\n li x28, ${DATA + 0x2000n}\n ${send(DATA, 'x28', 2)}` : ''}
    li   x30, 0x100000
    li   x31, 0x5555
    sw   x31, 0(x30)
stop: j  stop`;
}

// ---- page tables ------------------------------------------------------------------------------------------------------

const PAGE = 4096n;
const leaf = (pa: bigint, flags: bigint): bigint => ((pa >> 12n) << 10n) | flags;
const pointer = (table: bigint): bigint => leaf(table, PTE.V);

/** Tables of one stage: root, the middle table of RAM's gigabyte, the middle and last tables of the window. */
const middle = (root: bigint): bigint => root + 4n * PAGE;
const windowMiddle = (root: bigint): bigint => root + 5n * PAGE;
const windowEntry = (root: bigint, page: number): bigint => root + 6n * PAGE + 8n * BigInt(page);
const secondStageDataEntry = (page: number): bigint => SECOND_STAGE_ROOT + 7n * PAGE + 8n * BigInt(page);

function makeTables(random: Random, onQemu: boolean): [bigint, bigint][] {
  const words: [bigint, bigint][] = [];
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
    for (let page = 0; page < WINDOW_PAGES; page++) words.push([windowEntry(root, page), randomLeaf(random, onQemu)]);
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
      page < WINDOW_PAGES ? secondStageLeaf(random, page, onQemu) : leaf(DATA + BigInt(page) * PAGE, RWX | PTE.U);
    words.push([secondStageDataEntry(page), entry]);
  }
  return words;
}

/** An entry of the window: mostly usable, sometimes anything. `onQemu`: with A and D set, and never a device. */
function randomLeaf(random: Random, onQemu: boolean): bigint {
  const frame = random.oneIn(20)
    ? random.pick(onQemu ? [0x40_0000_0000n] : [0x200_0000n, 0x1000_0000n, 0x7000_0000n, 0x40_0000_0000n])
    : DATA + BigInt(random.below(WINDOW_PAGES)) * PAGE;
  const flags = random.oneIn(3) ? BigInt(random.below(256)) : RWX | (random.oneIn(2) ? PTE.U : 0n);
  const reserved = random.oneIn(40) ? 1n << BigInt(54 + random.below(10)) : 0n;
  return leaf(frame, flags | (onQemu ? PTE.A | PTE.D : 0n)) | reserved;
}

function secondStageLeaf(random: Random, page: number, onQemu: boolean): bigint {
  const flags = random.oneIn(5) ? BigInt(random.below(256)) : RWX | PTE.U;
  return leaf(DATA + BigInt(page) * PAGE, flags | (onQemu ? PTE.A | PTE.D : 0n));
}

function makeData(random: Random): [bigint, bigint][] {
  return Array.from({ length: 64 }, (_, i) => [DATA + BigInt(i * 0x408), random.u64()] as [bigint, bigint]);
}
