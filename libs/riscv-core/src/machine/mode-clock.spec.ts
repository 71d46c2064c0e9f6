import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModeClock, privilegeMode, privilegeModes, type ModeSource, type PrivilegeMode } from './mode-clock.js';

/** One hart whose clock, sleep and mode the test moves. */
class Hart implements ModeSource {
  readonly harts = [0];
  now = 1000;
  sleeping = 0;
  down = false;
  mode: PrivilegeMode = 'M';
  trapCount = 5;
  listening: boolean[] = [];
  readonly clock = new ModeClock(this, (on) => this.listening.push(on));
  cycles = (): number => this.now;
  instret = (): number => this.now / 2;
  slept = (): number => this.sleeping;
  asleep = (): boolean => this.down;
  privilege = (): PrivilegeMode => this.mode;
  traps = (): readonly number[] => [this.trapCount, 7];

  enter(mode: PrivilegeMode): void {
    this.mode = mode;
    this.clock.event(0);
  }

  /** Sleeps and wakes `cycles` later. */
  sleep(cycles: number): void {
    this.now += cycles;
    this.sleeping += cycles;
  }
}

describe('the clock of privilege modes', () => {
  it('gives each mode its cycles and sleep apart', () => {
    const hart = new Hart();
    hart.enter('VU');
    hart.clock.begin(0);
    hart.now += 30;
    hart.enter('S');
    hart.now += 5;
    hart.sleep(100);
    hart.now += 2;
    hart.enter('VS');
    hart.now += 11;
    hart.trapCount += 2;
    hart.clock.end(0);
    expect(hart.clock.interval()).toEqual({
      cycles: 148,
      instructions: 74,
      byMode: { VU: 30, VS: 11, U: 0, S: 7, M: 0 },
      asleep: 100,
      traps: [2, 0],
    });
    expect(hart.listening).toEqual([true, false]);
  });

  it('counts a sleeper that has not woken yet up to the mark', () => {
    const hart = new Hart();
    hart.down = true;
    hart.clock.begin(1400);
    hart.down = false;
    hart.sleep(600);
    hart.enter('S');
    hart.now += 10;
    hart.down = true;
    hart.clock.end(hart.now + 50);
    expect(hart.clock.interval()).toMatchObject({ cycles: 260, asleep: 250, byMode: { M: 0, S: 10 } });
  });

  it('sums to the whole for any history', () => {
    const step = fc.tuple(fc.constantFrom(...privilegeModes), fc.nat(1000), fc.nat(1000));
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const hart = new Hart();
        hart.clock.begin(0);
        for (const [mode, work, sleep] of steps) {
          hart.enter(mode);
          hart.now += work;
          hart.sleep(sleep);
        }
        hart.clock.end(0);
        const { cycles, byMode, asleep } = hart.clock.interval() ?? { cycles: -1, byMode: {}, asleep: 0 };
        expect(Object.values(byMode).reduce((sum, value) => sum + value, asleep)).toBe(cycles);
      }),
    );
  });

  it('refuses a second beginning and an end without one', () => {
    const hart = new Hart();
    expect(() => hart.clock.end(0)).toThrow('without a beginning');
    hart.clock.begin(0);
    expect(() => hart.clock.begin(0)).toThrow('second time');
    expect(hart.clock.interval()).toBeUndefined();
  });

  it('names the modes of the manual', () => {
    expect([
      privilegeMode(3, false),
      privilegeMode(1, false),
      privilegeMode(1, true),
      privilegeMode(0, false),
      privilegeMode(0, true),
    ]).toEqual(['M', 'S', 'VS', 'U', 'VU']);
  });
});
