/**
 * Random programs that wander through all modes. A program is a row of blocks of random code; every block first notes
 * where the next one begins, and a trap, wherever it is taken, goes on there, in another mode as often as not. So no
 * sequence of random instructions can stop a program from reaching its end or its instruction limit.
 *
 * Fetch faults are never delegated: with a handler that cannot be fetched a delegated one would repeat for ever.
 */
import { assemble, loadImmediate } from '../../libs/riscv-core/src/decode/assembler.js';
import { csrByName } from '../../libs/riscv-core/src/isa/csrs.js';
import { extensionsOf, type Flavour } from './flavours.js';
import { idiom, safeInsn } from './idioms.js';
import { CodeBuffer, randomFlow, register, type Mix } from './machine-code.js';
import { finishText, handlerText, setUpText } from './program-frame.js';
import { BASE, BLOCKS, FINISH, HANDLERS } from './program-map.js';
import { makeData, makeTables } from './program-tables.js';
import { excludedCsrs, excludedInstructions } from './qemu-deviations.js';
import type { Random } from './random.js';

export interface RandomProgram {
  readonly image: Uint8Array;
  /** [physical address, value] of page-table entries and data. */
  readonly words: readonly (readonly [bigint, bigint])[];
}

const plainCsrs = [
  'mscratch', 'mepc', 'mcause', 'mtval', 'mie', 'mip', 'mideleg', 'mcounteren', 'scounteren', 'mstatus', 'sstatus', 'sscratch', 'sepc',
  'scause', 'stval', 'sie', 'sip', 'senvcfg', 'menvcfg', 'mcycle', 'minstret', 'cycle', 'time', 'instret', 'misa', 'mhartid', 'satp', 'mhpmevent3', 'mhpmevent4', 'mhpmcounter3', 'hpmcounter3',
  'mcountinhibit',
  'fcsr', 'frm', 'fflags',
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

export function makeProgram(random: Random, flavour: Flavour, blocks: number): RandomProgram {
  const onQemu = flavour.onQemu === true;
  const tables = makeTables(random, flavour);
  const extensions = extensionsOf(flavour);
  const timers = extensions.has('sstc') ? (flavour.guests ? ['stimecmp', 'vstimecmp'] : ['stimecmp']) : [];
  const names = [
    ...timers,
    ...plainCsrs,
    ...(flavour.guests ? guestCsrs : []),
    ...(flavour.dvext ? dvCsrs : []),
  ].filter((name) => !onQemu || !excludedCsrs.has(name));
  const code = new CodeBuffer();
  const mix: Mix = {
    extensions: new Set([
      'i',
      'm',
      // What AMO, LR and SC do where they fault is a known deviation (qemu-deviations.ts).
      ...(onQemu && flavour.privileged ? [] : ['a']),
      'f',
      'd',
      'zicsr',
      'zifencei',
      's',
      ...(flavour.guests ? ['h'] : []),
      ...(flavour.dvext ? ['dvext'] : []),
      ...extensions,
      ...(extensions.has('svinval') && flavour.guests ? ['svinval-h'] : []),
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
  return { image, words: [...tables, ...makeData(random, () => safeInsn(random, mix))] };
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
