/**
 * One GDB at a machine ("GDB Remote Serial Protocol", all-stop). Harts are threads, numbered from 1. It answers requests; whoever owns the
 * connection runs the machine while {@link GdbSession.running}.
 */
import type { MachineExit } from '../../machine/machine.js';
import { Debugger, type DebuggerStop } from '../debugger.js';
import type { WatchKind } from '../watchpoints.js';
import { readRegister, targetDescription, writeRegister } from './registers.js';

const OK = 'OK';
const UNSUPPORTED = '';
const BAD_REQUEST = 'E01';
const BAD_ADDRESS = 'E0e';
const G_REGISTERS = 33;
const MAX_BYTES = 0x2000;
const watchKinds: Readonly<Record<string, WatchKind>> = { 2: 'write', 3: 'read', 4: 'access' };
const watchNames: Readonly<Record<WatchKind, string>> = { write: 'watch', read: 'rwatch', access: 'awatch' };

export class GdbSession {
  /** GDB has asked the machine to go on, and waits for it to stop. */
  running = false;
  /** GDB is gone: `detached`, the machine goes on alone; `killed`, it ends. */
  left: 'detached' | 'killed' | undefined;
  /** No more `+` for each packet, once the answer to that request is out. */
  acknowledges = true;
  private thread = 0;
  private lastStop = 'T05thread:1;';

  constructor(readonly target: Debugger) {}

  /** The answer to a request; undefined = none now: it comes when the machine stops. */
  request(text: string): string | undefined {
    const command = text[0] ?? '';
    const rest = text.slice(1);
    switch (command) {
      case '?':
        return this.lastStop;
      case 'g':
        return Array.from({ length: G_REGISTERS }, (_, number) => this.register(number)).join('');
      case 'G':
        return this.setRegisters(rest);
      case 'p':
        return this.register(parseInt(rest, 16));
      case 'P':
        return this.setRegister(rest);
      case 'm':
        return this.readMemory(rest);
      case 'M':
      case 'X':
        return this.writeMemory(rest, command === 'X');
      case 'c':
      case 's':
        return this.goOn(command === 's', rest);
      case 'H':
        return this.selectThread(rest);
      case 'T':
        return this.hartOf(rest) === undefined ? BAD_REQUEST : OK;
      case 'Z':
      case 'z':
        return this.point(command === 'Z', rest);
      case 'D':
        this.left = 'detached';
        return OK;
      case 'k':
        this.left = 'killed';
        return undefined;
      case 'v':
        return this.verbose(text);
      case 'q':
      case 'Q':
        return this.query(text);
      default:
        return UNSUPPORTED;
    }
  }

  /** The machine has stopped, or was interrupted between turns; what to tell GDB. */
  stopped(stop: DebuggerStop): string {
    this.running = false;
    this.thread = stop.hart;
    const thread = `thread:${(stop.hart + 1).toString(16)};`;
    const { reason } = stop;
    switch (reason.kind) {
      case 'breakpoint':
        this.lastStop = `T05${thread}hwbreak:;`;
        break;
      case 'watchpoint':
        this.lastStop = `T05${thread}${watchNames[reason.watch]}:${reason.address.toString(16)};`;
        break;
      case 'step':
        this.lastStop = `T05${thread}`;
        break;
      case 'interrupted':
        this.lastStop = `T02${thread}`;
        break;
    }
    return this.lastStop;
  }

  /** The machine has ended. */
  ended(exit: MachineExit): string {
    this.running = false;
    const code = exit.code === null ? (exit.kind === 'reset' ? 0n : 1n) : exit.code;
    this.lastStop = `W${byteHex(Number(code & 0xffn))}`;
    return this.lastStop;
  }

  private get inspector(): Debugger['inspector'] {
    return this.target.inspector;
  }

  private register(number: number): string {
    const value = readRegister(this.inspector, this.thread, number);
    return value === undefined ? BAD_REQUEST : hexOfWord(value);
  }

  private setRegister(text: string): string {
    const [number = '', value = ''] = text.split('=');
    return writeRegister(this.inspector, this.thread, parseInt(number, 16), wordOfHex(value)) ? OK : BAD_REQUEST;
  }

  private setRegisters(text: string): string {
    for (let number = 0; number < G_REGISTERS && 16 * number + 16 <= text.length; number++)
      writeRegister(this.inspector, this.thread, number, wordOfHex(text.slice(16 * number, 16 * number + 16)));
    return OK;
  }

  private readMemory(text: string): string {
    const { address, size } = range(text);
    const bytes = this.inspector.read(this.thread, address, Math.min(size, MAX_BYTES));
    return bytes.length === 0 && size > 0 ? BAD_ADDRESS : Array.from(bytes, byteHex).join('');
  }

  private writeMemory(text: string, binary: boolean): string {
    const colon = text.indexOf(':');
    const { address, size } = range(text.slice(0, colon));
    const data = text.slice(colon + 1);
    const bytes = Uint8Array.from({ length: size }, (_, i) =>
      binary ? data.charCodeAt(i) : parseInt(data.slice(2 * i, 2 * i + 2), 16),
    );
    if (!this.inspector.write(this.thread, address, bytes)) return BAD_ADDRESS;
    this.target.machine.memoryChanged();
    return OK;
  }

  private goOn(step: boolean, address = ''): undefined {
    if (address !== '') this.inspector.setPc(this.thread, BigInt(`0x${address}`));
    this.running = true;
    this.target.resume(step ? this.thread : undefined);
    return undefined;
  }

  /** `Hg1`, `Hc-1`: the thread of what follows; 0 and -1 mean any. */
  private selectThread(text: string): string {
    const id = text.slice(1);
    if (id === '0' || id === '-1') return OK;
    const hart = this.hartOf(id);
    if (hart === undefined) return BAD_REQUEST;
    this.thread = hart;
    return OK;
  }

  private hartOf(id: string): number | undefined {
    const hart = parseInt(id, 16) - 1;
    return hart >= 0 && hart < this.target.machine.config.harts ? hart : undefined;
  }

  /** `Z0,address,kind`: 0 and 1 breakpoints, 2 to 4 watchpoints. */
  private point(insert: boolean, text: string): string {
    const [type = '', at = '', length = ''] = text.split(',');
    const address = BigInt(`0x${at}`);
    if (type === '0' || type === '1') {
      if (insert) this.target.breakpoints.add(address);
      else this.target.breakpoints.delete(address);
      return OK;
    }
    const kind = watchKinds[type];
    if (kind === undefined) return UNSUPPORTED;
    const size = parseInt(length, 16);
    const { watchpoints } = this.target;
    const others = watchpoints.list.filter(
      (other) => other.kind !== kind || other.address !== address || other.size !== size,
    );
    watchpoints.list = insert ? [...others, { kind, address, size }] : others;
    return OK;
  }

  private verbose(text: string): string | undefined {
    if (text === 'vCont?') return 'vCont;c;C;s;S';
    if (!text.startsWith('vCont;')) {
      if (!text.startsWith('vKill')) return UNSUPPORTED;
      this.left = 'killed';
      return OK;
    }
    const step = text
      .slice(6)
      .split(';')
      .find((action) => /^[sS]/.test(action));
    if (step === undefined) return this.goOn(false);
    const id = step.split(':')[1];
    const hart = id === undefined ? this.thread : this.hartOf(id);
    if (hart === undefined) return BAD_REQUEST;
    this.thread = hart;
    return this.goOn(true);
  }

  private query(text: string): string {
    const { machine } = this.target;
    if (text.startsWith('qSupported'))
      return `PacketSize=${(2 * MAX_BYTES).toString(16)};qXfer:features:read+;QStartNoAckMode+;vContSupported+;hwbreak+`;
    if (text === 'QStartNoAckMode') {
      this.acknowledges = false;
      return OK;
    }
    if (text === 'qAttached') return '1';
    if (text === 'qC') return `QC${(this.thread + 1).toString(16)}`;
    if (text === 'qfThreadInfo') return `m${machine.harts.map((hart) => (hart + 1).toString(16)).join(',')}`;
    if (text === 'qsThreadInfo') return 'l';
    if (text.startsWith('qThreadExtraInfo,')) return hexOfText(this.describe(text.slice(17)));
    if (text.startsWith('qRcmd,')) return this.monitor(text.slice(6));
    const features = /^qXfer:features:read:target\.xml:([0-9a-f]+),([0-9a-f]+)$/.exec(text);
    if (features?.[1] === undefined || features[2] === undefined) return UNSUPPORTED;
    const xml = targetDescription(this.inspector, machine.config.isa.d);
    const from = parseInt(features[1], 16);
    const part = xml.slice(from, from + parseInt(features[2], 16));
    return (from + part.length < xml.length ? 'm' : 'l') + part;
  }

  /** For `info threads`. */
  private describe(id: string): string {
    const hart = this.hartOf(id) ?? 0;
    const { machine } = this.target;
    return `hart ${hart}, ${machine.privilege(hart)}${machine.asleep(hart) ? ', asleep' : ''}`;
  }

  /** `monitor` of GDB: the only word is what the machine has counted. */
  private monitor(hex: string): string {
    const { machine } = this.target;
    if (textOfHex(hex).trim() !== 'counts') return hexOfText('monitor counts: cycles and instructions of each hart\n');
    const lines = machine.harts.map(
      (hart) => `hart ${hart}: ${machine.cycles(hart)} cycles, ${machine.instret(hart)} instructions\n`,
    );
    return hexOfText(lines.join(''));
  }
}

/** `address,size` in hexadecimal. */
function range(text: string): { address: bigint; size: number } {
  const [address = '0', size = '0'] = text.split(',');
  return { address: BigInt(`0x${address}`), size: parseInt(size, 16) };
}

function byteHex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/** Little-endian bytes. */
function hexOfWord(value: bigint): string {
  return Array.from({ length: 8 }, (_, i) => byteHex(Number((value >> BigInt(8 * i)) & 0xffn))).join('');
}

function wordOfHex(hex: string): bigint {
  const bytes = hex.match(/../g) ?? [];
  return BigInt(`0x${[...bytes].reverse().join('') || '0'}`);
}

function hexOfText(text: string): string {
  return Array.from(text, (character) => byteHex(character.charCodeAt(0) & 0xff)).join('');
}

function textOfHex(hex: string): string {
  return (hex.match(/../g) ?? []).map((byte) => String.fromCharCode(parseInt(byte, 16))).join('');
}
