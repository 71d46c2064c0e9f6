import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeviceTime } from './device-time.js';
import { EventQueue } from './event-queue.js';

describe('event queue', () => {
  it('runs events by cycle, equal cycles in the order they were planned', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), (cycles) => {
        const queue = new EventQueue();
        const ran: [number, number][] = [];
        cycles.forEach((cycle, i) => queue.schedule(cycle, (due) => ran.push([due, i])));
        const wanted = cycles.map((cycle, i): [number, number] => [cycle, i]).sort(([a, i], [b, j]) => a - b || i - j);
        expect(queue.next()).toBe(wanted[0]?.[0]);
        queue.runUntil(20, () => undefined);
        expect(ran).toEqual(wanted.filter(([cycle]) => cycle <= 20));
        expect(queue.next()).toBe(wanted.find(([cycle]) => cycle > 20)?.[0]);
        queue.runUntil(50, () => undefined);
        expect(ran).toEqual(wanted);
      }),
    );
  });

  it('runs what an event plans, when that is due too', () => {
    const queue = new EventQueue();
    const ran: string[] = [];
    queue.schedule(10, () => {
      ran.push('first');
      queue.schedule(15, () => ran.push('third'));
      queue.schedule(10, () => ran.push('second'));
      queue.schedule(30, () => ran.push('later'));
    });
    queue.runUntil(20, () => undefined);
    expect(ran).toEqual(['first', 'second', 'third']);
    expect(queue.next()).toBe(30);
  });
});

describe('device time', () => {
  it('is the cycle of the event being served, else that of the access', () => {
    let access = 5;
    const planned: number[] = [];
    const time = new DeviceTime(
      () => access,
      (cycle) => planned.push(cycle),
    );
    const seen: number[] = [];
    time.at(10, () => seen.push(time.now()));
    time.at(20, () => seen.push(time.now()));
    access = 25;
    time.at(7, () => seen.push(time.now()));
    expect(planned).toEqual([10, 20, 25]);
    time.runUntil(25);
    expect(seen).toEqual([10, 20, 25]);
    expect(time.now()).toBe(25);
  });

  it('refuses parts of a cycle', () => {
    const time = new DeviceTime(
      () => 0,
      () => undefined,
    );
    for (const cycle of [1.5, Infinity, NaN]) expect(() => time.at(cycle, () => undefined)).toThrow(RangeError);
  });

  it('is right again after an event failed', () => {
    const time = new DeviceTime(
      () => 3,
      () => undefined,
    );
    time.at(10, () => {
      throw new Error('device');
    });
    expect(() => time.runUntil(10)).toThrow('device');
    expect(time.now()).toBe(3);
  });
});
