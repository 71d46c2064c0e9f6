import { beforeEach, describe, expect, test } from 'vitest';
import { Patience } from './patience.js';

const [PAGE, SLOT, REC] = [0x8000_0000n, 4096, 4112];

describe('a page whose compiled code was dropped', () => {
  let patience: Patience;
  /** How often a record must reach the threshold until it is compiled. */
  const needed = (): number => {
    for (let times = 1; ; times++) if (patience.ends(PAGE, SLOT, REC)) return times;
  };
  const lose = (times: number): void => {
    for (let i = 0; i < times; i++) {
      patience.codeLost(PAGE);
      patience.slotDropped(SLOT);
    }
  };

  beforeEach(() => {
    patience = new Patience();
  });

  test('needs twice as much each time, up to 64 times', () => {
    expect(needed()).toBe(1);
    for (const times of [2, 4, 8, 16, 32, 64, 64]) {
      lose(1);
      expect(needed()).toBe(times);
    }
  });

  test('gets one doubling back for each window in which nothing was dropped', () => {
    lose(3);
    patience.windowClosed();
    expect(needed()).toBe(8);
    for (const times of [4, 2, 1, 1]) {
      patience.windowClosed();
      expect(needed()).toBe(times);
    }
  });

  test('begins to count anew with each window and each drop of its records', () => {
    lose(1);
    expect(patience.ends(PAGE, SLOT, REC)).toBe(false);
    patience.slotDropped(SLOT);
    expect(patience.ends(PAGE, SLOT, REC)).toBe(false);
    lose(1);
    patience.windowClosed();
    expect(needed()).toBe(4);
  });

  test('says nothing of others', () => {
    lose(5);
    expect(patience.ends(PAGE + 4096n, SLOT, REC)).toBe(true);
  });
});
