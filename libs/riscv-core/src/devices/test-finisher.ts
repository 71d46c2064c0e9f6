/** `sifive_test`: a store stops the machine. */
import type { Device, DeviceState } from './device.js';

const PASS = 0x5555;
const FAIL = 0x3333;
const RESET = 0x7777;

export type FinisherVerdict = { kind: 'finisher'; code: number } | { kind: 'reset'; code: 0 };

export class TestFinisher implements Device {
  readonly name = 'test finisher';
  readonly size = 0x1000;

  constructor(private readonly stop: (verdict: FinisherVerdict) => void) {}

  /** Nothing survives a verdict. */
  state(): DeviceState {
    return [];
  }

  restore(): void {
    // Nothing to take up.
  }

  load(): bigint {
    return 0n;
  }

  /** Low 16 bits say what, high 16 bits the code of a failure. Anything else does nothing. */
  store(offset: number, _size: number, value: bigint): boolean {
    if (offset !== 0) return true;
    const word = Number(value & 0xffff_ffffn);
    const code = word >>> 16;
    switch (word & 0xffff) {
      case PASS:
        this.stop({ kind: 'finisher', code: 0 });
        break;
      case FAIL:
        this.stop({ kind: 'finisher', code });
        break;
      case RESET:
        this.stop({ kind: 'reset', code: 0 });
        break;
      default:
    }
    return true;
  }
}
