import { describe, expect, it } from 'vitest';
import { Bus } from './bus.js';
import type { Device } from '../devices/device.js';

function recorder(name: string, size: number): Device & { seen: string[] } {
  const seen: string[] = [];
  return {
    name,
    size,
    seen,
    load: (offset, width) => BigInt(offset * 10 + width),
    store: (offset, width, value) => {
      seen.push(`${offset}/${width}=${value}`);
      return true;
    },
    state: () => seen.slice(),
    restore: (state) => void seen.splice(0, Infinity, ...(state as string[])),
  };
}

describe('bus', () => {
  it('hands an access to the device at its address, offset from its base', () => {
    const bus = new Bus('b', 0x1000);
    const one = recorder('one', 0x100);
    bus.attach(0x200, one);
    expect(bus.load(0x204, 4)).toBe(44n);
    expect(bus.store(0x2f8, 8, 5n)).toBe(true);
    expect(one.seen).toEqual(['248/8=5']);
  });

  it('answers nothing outside every device, across an end, or misaligned', () => {
    const bus = new Bus('b', 0x1000);
    bus.attach(0x200, recorder('one', 0x102));
    expect(bus.load(0x1f8, 8)).toBeUndefined();
    expect(bus.load(0x300, 4)).toBeUndefined();
    expect(bus.load(0x201, 2)).toBeUndefined();
    expect(bus.store(0x400, 1, 0n)).toBe(false);
  });

  it('hands each device its own part of a saved state', () => {
    const [saved, restored] = [new Bus('b', 0x1000), new Bus('b', 0x1000)];
    for (const bus of [saved, restored]) for (const i of [0, 1]) bus.attach(i * 0x100, recorder(`d${i}`, 0x100));
    saved.store(0, 4, 1n);
    saved.store(0x104, 4, 2n);
    expect(restored.state()).not.toEqual(saved.state());
    restored.restore(saved.state());
    expect(restored.state()).toEqual(saved.state());
    expect(() => new Bus('empty', 0x1000).restore(saved.state())).toThrow(
      /^device state: found object, expected a list of 0, not of 2$/,
    );
  });

  it('refuses devices that overlap and names both', () => {
    const bus = new Bus('b', 0x1000);
    bus.attach(0x200, recorder('one', 0x100));
    expect(() => bus.attach(0x2ff, recorder('two', 1))).toThrow(
      /^device two: found range 0x2ff\.\.0x300 overlapping one at 0x200\.\.0x300/,
    );
    expect(() => bus.attach(0xf01, recorder('three', 0x100))).toThrow(
      /^device three: found range .*, expected one inside bus b$/,
    );
    bus.attach(0x300, recorder('four', 1));
  });
});
