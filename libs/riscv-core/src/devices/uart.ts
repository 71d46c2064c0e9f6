/**
 * 16550 UART ("PC16550D" data sheet), registers one byte apart. The transmitter is always empty: a character leaves the
 * moment it is written. Interrupt identification and line status tell the truth, since a driver without an interrupt polls
 * them (linux.md).
 */
import type { Device, DeviceState, InterruptLine } from './device.js';
import { booleanOf, fieldsOf, numberOf, numbersOf } from './state-reader.js';

const RBR_THR_DLL = 0;
const IER_DLM = 1;
const IIR_FCR = 2;
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;
const SCR = 7;

const IER_RDA = 1;
const IER_THRE = 2;
const IIR_NONE = 1;
const IIR_THRE = 2;
const IIR_RDA = 4;
const IIR_FIFOS = 0xc0;
const LCR_DLAB = 0x80;
const MCR_LOOP = 0x10;
const LSR_DATA_READY = 1;
/** Holding register and transmitter empty. */
const LSR_EMPTY = 0x60;
/** Carrier, data set ready, clear to send. */
const MSR_CONNECTED = 0xb0;

export class Uart implements Device {
  readonly name = 'uart';
  readonly size = 0x100;

  private readonly received: number[] = [];
  private ier = 0;
  private lcr = 0;
  private mcr = 0;
  private scratch = 0;
  private divisor = 0;
  private fifos = false;
  /** The transmitter became empty since IIR last said so. */
  private emptied = true;

  constructor(
    /** A character leaves the machine. */
    private readonly transmit: (byte: number) => void,
    private readonly interrupt: InterruptLine,
    /** Software looks at the line status: the host may now begin to read its input. */
    private readonly wanted: () => void = () => undefined,
  ) {}

  /** Characters from the simulation host. */
  receive(bytes: Iterable<number>): void {
    for (const byte of bytes) this.received.push(byte);
    this.update();
  }

  /** Does software wait for input by interrupt? */
  get expectsInput(): boolean {
    return (this.ier & IER_RDA) !== 0;
  }

  load(offset: number): bigint {
    return BigInt(this.read(offset));
  }

  store(offset: number, _size: number, value: bigint): boolean {
    this.write(offset, Number(value & 0xffn));
    return true;
  }

  state(): DeviceState {
    const { received, ier, lcr, mcr, scratch, divisor, fifos, emptied } = this;
    return [received.slice(), ier, lcr, mcr, scratch, divisor, fifos, emptied];
  }

  /** The interrupt line is the controller's to remember. */
  restore(state: DeviceState): void {
    const [received, ier, lcr, mcr, scratch, divisor, fifos, emptied] = fieldsOf(state, 8);
    this.received.splice(0, Infinity, ...numbersOf(received));
    this.ier = numberOf(ier);
    this.lcr = numberOf(lcr);
    this.mcr = numberOf(mcr);
    this.scratch = numberOf(scratch);
    this.divisor = numberOf(divisor);
    this.fifos = booleanOf(fifos);
    this.emptied = booleanOf(emptied);
    if (this.expectsInput) this.wanted();
  }

  private read(offset: number): number {
    const divisorAccess = (this.lcr & LCR_DLAB) !== 0;
    switch (offset) {
      case RBR_THR_DLL: {
        if (divisorAccess) return this.divisor & 0xff;
        const byte = this.received.shift() ?? 0;
        this.update();
        return byte;
      }
      case IER_DLM:
        return divisorAccess ? this.divisor >> 8 : this.ier;
      case IIR_FCR: {
        const cause = this.pendingInterrupt();
        if (cause === IIR_THRE) {
          this.emptied = false;
          this.update();
        }
        return cause | (this.fifos ? IIR_FIFOS : 0);
      }
      case LCR:
        return this.lcr;
      case MCR:
        return this.mcr;
      case LSR:
        this.wanted();
        return LSR_EMPTY | (this.received.length > 0 ? LSR_DATA_READY : 0);
      case MSR:
        return (this.mcr & MCR_LOOP) === 0 ? MSR_CONNECTED : this.loopedModemLines();
      case SCR:
        return this.scratch;
      default:
        return 0;
    }
  }

  private write(offset: number, value: number): void {
    const divisorAccess = (this.lcr & LCR_DLAB) !== 0;
    switch (offset) {
      case RBR_THR_DLL:
        if (divisorAccess) this.divisor = (this.divisor & 0xff00) | value;
        else {
          if ((this.mcr & MCR_LOOP) !== 0) this.received.push(value);
          else this.transmit(value);
          this.emptied = true;
        }
        break;
      case IER_DLM:
        if (divisorAccess) this.divisor = (this.divisor & 0xff) | (value << 8);
        else {
          // Enabling the interrupt while the transmitter is empty raises it.
          if ((value & ~this.ier & IER_THRE) !== 0) this.emptied = true;
          this.ier = value & 0xf;
          if (this.expectsInput) this.wanted();
        }
        break;
      case IIR_FCR:
        this.fifos = (value & 1) !== 0;
        if ((value & 2) !== 0) this.received.length = 0;
        break;
      case LCR:
        this.lcr = value;
        break;
      case MCR:
        this.mcr = value & 0x1f;
        break;
      case SCR:
        this.scratch = value;
        break;
      default:
    }
    this.update();
  }

  private pendingInterrupt(): number {
    if ((this.ier & IER_RDA) !== 0 && this.received.length > 0) return IIR_RDA;
    if ((this.ier & IER_THRE) !== 0 && this.emptied) return IIR_THRE;
    return IIR_NONE;
  }

  /** Loop-back: DTR, RTS, OUT1, OUT2 come back as DSR, CTS, RI, DCD. */
  private loopedModemLines(): number {
    const bit = (from: number, to: number): number => ((this.mcr >> from) & 1) << to;
    return bit(0, 5) | bit(1, 4) | bit(2, 6) | bit(3, 7);
  }

  private update(): void {
    this.interrupt(this.pendingInterrupt() !== IIR_NONE);
  }
}
