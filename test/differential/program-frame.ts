/** The fixed part of a random program, as assembly text: set-up, trap handlers, log, way out. */
import { extensionsOf, type Flavour } from './flavours.js';
import { floatOperand } from './float-cases.js';
import { FIRST_RESERVED, register } from './machine-code.js';
import {
  BASE,
  BLOCKS,
  DATA,
  FINISH,
  HANDLERS,
  HANDLER_SPACING,
  LOG,
  LOG_RECORD,
  LOG_RECORDS,
  WINDOW,
} from './program-map.js';
import type { Random } from './random.js';

/** What may be delegated: not fetch faults (1, 12, 20), and not what calls the machine back (9, 11). */
export const DELEGABLE = 0xf0_b7ffn & ~((1n << 1n) | (1n << 12n) | (1n << 20n) | (1n << 9n) | (1n << 11n));

export function setUpText(random: Random, flavour: Flavour): string {
  const lines = [
    `la t0, m_trap_address`,
    ...['mtvec', 'stvec', ...(flavour.guests ? ['vstvec'] : []), ...(flavour.dvext ? ['utvec'] : [])].flatMap(
      (name, i) => [`ld t1, ${8 * i}(t0)`, `csrw ${name}, t1`],
    ),
    'li t0, -1',
    'srli t0, t0, 10',
    'csrw pmpaddr7, t0',
    // A TOR entry must not reach below the data.
    `li t0, ${DATA >> 2n}`,
    ...[0, 1, 2, 3].map((i) => `csrw pmpaddr${i}, t0`),
    // The handlers' page is locked read-only: whatever random code does, a trap ends up in them.
    `li t0, ${((BASE + BigInt(HANDLERS)) >> 2n) | 0x1ffn}`,
    'csrw pmpaddr6, t0',
    `li t0, ${(0x3fn << 56n) | (0xbdn << 48n)}`,
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
  const switches = flavour.onQemu === true ? 1n << 61n : random.u64() & (5n << 61n);
  const environment = extensionsOf(flavour).size > 0 && flavour.privileged ? switches : 0n;
  if (environment !== 0n)
    lines.push(`li t0, ${environment}`, 'csrw menvcfg, t0', ...(flavour.guests ? ['csrw henvcfg, t0'] : []));
  // Floating point on, with numbers of both formats in its registers; a program may turn it off.
  lines.push('li t0, 0x6000', 'csrs mstatus, t0', ...(flavour.guests ? ['csrs vsstatus, t0'] : []));
  for (let f = 0; f < 32; f += 3) lines.push(`li t0, ${floatOperand(random, random.oneIn(2))}`, `fmv.d.x f${f}, t0`);
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
export function handlerText(flavour: Flavour): string {
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
    ${flavour.onQemu === true ? logText() : ''}
    sfence.vma
    ${guestFences}
    csrr x28, mcause
    bgez x28, next_mode
    csrw mie, x0
    csrr x29, mhartid
    slli x29, x29, 2
    li   x28, 0x2000000
    add  x28, x28, x29
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
    li   x29, ${1n << 39n}
    csrc mstatus, x29
    slli x28, x25, 15
    and  x28, x28, x29
    csrs mstatus, x28
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
function logText(): string {
  const stored: readonly string[] = [
    ...['mcause', 'mepc', 'mtval'].map((name, i) => `csrr x29, ${name}\n sd x29, ${8 * (i + 1)}(x28)`),
    ...Array.from({ length: FIRST_RESERVED - 1 }, (_, i) => `sd x${i + 1}, ${8 * (4 + i)}(x28)`),
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
export function finishText(flavour: Flavour): string {
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
