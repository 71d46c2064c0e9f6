import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EV_RETURN, EV_TRAP } from '../hart/layout.js';
import { labelsOf, Probes, type HartClock, type ImageMode } from './probes.js';
import { parseSymbolFile } from './symbols.js';

const TO_HU = 0;
const TO_HS = 1;
const TO_VS = 2;
const trap = (from: 0 | 1, to: number): number => 10 | (from << 16) | (to << 20);
const intoGuest = 1 | (1 << 4);

class FakeHart implements HartClock {
  cycle = 100;
  insns = 50;
  now: ImageMode = 'guest';
  counts = new Array<number>(1024).fill(0);
  cycles = (): number => this.cycle;
  instret = (): number => this.insns;
  mode = (): ImageMode => this.now;
  traps = (): number[] => [...this.counts];
  pass(cycles: number, insns: number): void {
    this.cycle += cycles;
    this.insns += insns;
  }
}

const labels = [
  ...labelsOf(
    parseSymbolFile(
      '0000000080000000 measure.begin\n0000000080000010 op.7\n0000000080000020 measure.end\n0000000080000004 main\n',
      'guest.sym',
    ),
    'guest',
  ),
  ...labelsOf(
    [
      { address: 0xffff_ffc0_0000_0000n, name: 'phase.handling.12' },
      { address: 0xffff_ffc0_0000_0000n, name: 'step.kvm_riscv_vcpu_exit.3' },
      { address: 0xffff_ffc0_0000_0040n, name: 'phase.entry.a1' },
    ],
    'HS',
  ),
];

describe('label probes', () => {
  it('take phase, step, operation and measure labels from a symbol file and nothing else', () => {
    expect(labels.map(({ effect }) => effect)).toEqual([
      { kind: 'begin' },
      { kind: 'operation' },
      { kind: 'end' },
      { kind: 'phase', name: 'handling' },
      { kind: 'step', name: 'kvm_riscv_vcpu_exit' },
      { kind: 'phase', name: 'entry' },
    ]);
  });

  it('attribute cycles to phases and instructions to steps, exits and entries included', () => {
    const hart = new FakeHart();
    const listening: boolean[] = [];
    const probes = new Probes(labels, hart, (on) => listening.push(on));
    hart.pass(999, 9);
    probes.probe(0, 0x8000_0000n);
    hart.pass(7, 3);
    probes.probe(0, 0x8000_0010n);
    hart.pass(5, 2);
    hart.counts[(4 + TO_HS) * 128 + 10] = 1;
    probes.event(0, EV_TRAP, trap(1, TO_HS));
    hart.now = 'HS';
    hart.pass(40, 20);
    probes.probe(0, BigInt.asIntN(64, 0xffff_ffc0_0000_0000n));
    hart.pass(30, 10);
    probes.probe(0, 0xffff_ffc0_0000_0040n);
    hart.pass(20, 8);
    probes.event(0, EV_RETURN, intoGuest);
    hart.now = 'guest';
    hart.pass(1, 1);
    probes.probe(0, 0x8000_0020n);
    hart.pass(500, 500);
    expect(listening).toEqual([true, false]);
    const measured = probes.measurement();
    expect(measured?.operations).toBe(1);
    expect(measured?.cycles).toBe(103);
    expect(measured?.instructions).toBe(44);
    expect(Object.fromEntries(measured?.phases ?? [])).toEqual({ guest: 13, exit: 40, handling: 30, entry: 20 });
    expect(Object.fromEntries(measured?.steps ?? [])).toEqual({ guest: 6, trap: 20, kvm_riscv_vcpu_exit: 18 });
    expect(measured?.traps[(4 + TO_HS) * 128 + 10]).toBe(1);
  });

  it('fire only in the mode of their image', () => {
    const hart = new FakeHart();
    const probes = new Probes(labels, hart, () => undefined);
    hart.now = 'HS';
    probes.probe(0, 0x8000_0000n);
    hart.now = 'guest';
    probes.probe(0, 0x8000_0020n);
    expect(probes.measurement()).toBeUndefined();
  });

  it('leave the guest phase for no trap that the guest takes itself', () => {
    const hart = new FakeHart();
    const probes = new Probes(labels, hart, () => undefined);
    probes.probe(0, 0x8000_0000n);
    probes.event(0, EV_TRAP, trap(1, TO_VS));
    hart.pass(10, 1);
    probes.event(0, EV_TRAP, trap(0, TO_HU));
    hart.pass(10, 1);
    probes.probe(0, 0x8000_0020n);
    expect([...(probes.measurement()?.phases ?? [])]).toEqual([['guest', 20]]);
  });

  it('sum to the total whatever happens in between', () => {
    const happening = fc.oneof(
      fc.constantFrom(0x8000_0010n, 0xffff_ffc0_0000_0000n, 0xffff_ffc0_0000_0040n, 0x1234n),
      fc.constantFrom([EV_TRAP, trap(1, TO_HU)], [EV_TRAP, trap(1, TO_HS)], [EV_RETURN, intoGuest], [EV_RETURN, 1]),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(happening, fc.nat(1000), fc.nat(50))), (history) => {
        const hart = new FakeHart();
        const probes = new Probes(labels, hart, () => undefined);
        probes.probe(0, 0x8000_0000n);
        hart.pass(1, 1);
        for (const [what, cycles, insns] of history) {
          hart.now = what === 0x8000_0010n ? 'guest' : 'HS';
          if (typeof what === 'bigint') probes.probe(0, what);
          else probes.event(0, what[0] ?? 0, what[1] ?? 0);
          hart.pass(cycles, insns);
        }
        hart.now = 'guest';
        probes.probe(0, 0x8000_0020n);
        const measured = probes.measurement();
        const sum = (map: ReadonlyMap<string, number> | undefined): number =>
          [...(map ?? [])].reduce((total, [, value]) => total + value, 0);
        expect(sum(measured?.phases)).toBe(measured?.cycles);
        expect(sum(measured?.steps)).toBe(measured?.instructions);
      }),
    );
  });

  it('refuses a symbol file of another form', () => {
    expect(() => parseSymbolFile('80000000 main\n', 'x.sym')).toThrow(
      /^x\.sym:1: found "80000000 main", expected 16 hexadecimal/,
    );
  });
});
