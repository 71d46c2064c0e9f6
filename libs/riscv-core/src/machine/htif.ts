/**
 * Host-target interface of the public RISC-V test programs: a store to the 8-byte word `tohost` speaks to the simulation
 * host. Bits 63:56 name the device, 55:48 the command, 47:0 the payload.
 */
import type { DeviceState } from '../devices/device.js';
import { booleanOf, fieldsOf, numbersOf } from '../devices/state-reader.js';
import type { Ram } from './linear-memory.js';

const DEVICE_SYSCALL = 0n;
const DEVICE_CONSOLE = 1n;
const CONSOLE_GETCHAR = 0n;
const CONSOLE_PUTCHAR = 1n;
const SYSCALL_WRITE = 64n;
const ENOSYS = 38n;
const EBADF = 9n;
const EFAULT = 14n;
const PAYLOAD = (1n << 48n) - 1n;

export interface HtifPorts {
  /** Bytes for the console. */
  write(bytes: Uint8Array): void;
  /** The program ends; the code is the value >> 1. */
  exit(code: bigint): void;
}

export class Htif {
  private readonly input: number[] = [];
  private awaitingInput = false;

  /** Physical addresses of the two words; `fromhost` undefined = the program has none and gets no answers. */
  constructor(
    private readonly ram: Ram,
    private readonly tohost: bigint,
    private readonly fromhost: bigint | undefined,
    private readonly ports: HtifPorts,
  ) {}

  /** The program has just stored to `tohost`. */
  handle(): void {
    const value = this.ram.u64(this.tohost);
    if (value === 0n) return;
    this.ram.setU64(this.tohost, 0n);
    const device = value >> 56n;
    const command = (value >> 48n) & 0xffn;
    const payload = value & PAYLOAD;
    if (device === DEVICE_SYSCALL && command === 0n) {
      if ((payload & 1n) !== 0n) this.ports.exit(payload >> 1n);
      else {
        this.systemCall(payload);
        this.answer(1n);
      }
    } else if (device === DEVICE_CONSOLE && command === CONSOLE_PUTCHAR) {
      this.ports.write(Uint8Array.of(Number(payload & 0xffn)));
      this.answer((DEVICE_CONSOLE << 56n) | (CONSOLE_PUTCHAR << 48n));
    } else if (device === DEVICE_CONSOLE && command === CONSOLE_GETCHAR) {
      this.awaitingInput = true;
      this.feed();
    }
  }

  /** Characters from the simulation host. */
  receive(bytes: Iterable<number>): void {
    for (const byte of bytes) this.input.push(byte);
    this.feed();
  }

  state(): DeviceState {
    return [this.input.slice(), this.awaitingInput];
  }

  restore(state: DeviceState | undefined): void {
    const [input, awaiting] = fieldsOf(state, 2);
    this.input.push(...numbersOf(input));
    this.awaitingInput = booleanOf(awaiting);
  }

  private feed(): void {
    if (!this.awaitingInput) return;
    const byte = this.input.shift();
    if (byte === undefined) return;
    this.awaitingInput = false;
    this.answer((DEVICE_CONSOLE << 56n) | (CONSOLE_GETCHAR << 48n) | BigInt(byte));
  }

  /** Eight 8-byte words at `block`: number, arguments; the result replaces the number. Only write(2) exists. */
  private systemCall(block: bigint): void {
    if (!this.ram.contains(block, 64n)) return;
    const word = (index: bigint): bigint => this.ram.u64(block + 8n * index);
    let result: bigint;
    const [number, file, buffer, length] = [word(0n), word(1n), word(2n), word(3n)];
    if (number !== SYSCALL_WRITE) result = -ENOSYS;
    else if (file !== 1n && file !== 2n) result = -EBADF;
    else if (!this.ram.contains(buffer, length)) result = -EFAULT;
    else {
      this.ports.write(this.ram.slice(buffer, length));
      result = length;
    }
    this.ram.setU64(block, BigInt.asUintN(64, result));
  }

  private answer(value: bigint): void {
    if (this.fromhost !== undefined) this.ram.setU64(this.fromhost, value);
  }
}
