/** The firmware, seen from HS-mode: the program guest/sbitest takes the host kernel's place. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildMachine, engineFactory, resolveConfig } from '#libs/riscv-core';
import { readElf } from '../../libs/riscv-core/src/machine/elf.js';

const prebuilt = new URL('../../libs/duvisor/guest/prebuilt/', import.meta.url);
const image = (name: string): Uint8Array => new Uint8Array(readFileSync(fileURLToPath(new URL(name, prebuilt))));

const LIMIT = 50_000_000;

interface Target {
  machine: 'virt' | 'firesim';
  dvext: 'none' | 'rocket' | 'strict';
  harts: number;
  append: string;
}

function run({ append, ...options }: Target): { kind: string; code: number; console: string } {
  const text: number[] = [];
  const { machine } = buildMachine(
    resolveConfig({ ...options, timing: 'none' }),
    {
      elf: { name: 'firmware.elf', bytes: image('firmware.elf') },
      raw: readElf(image('sbitest.elf'), 'sbitest.elf').segments.map(({ base, data }, index) => ({
        name: `sbitest segment ${index}`,
        address: base,
        bytes: data,
      })),
      append,
    },
    engineFactory('interpreter'),
    { write: (bytes) => text.push(...bytes) },
  );
  const state = machine.run(LIMIT, LIMIT, false);
  const code = 'code' in state ? Number(state.code) : -1;
  return { kind: state.kind, code, console: new TextDecoder().decode(Uint8Array.from(text)) };
}

describe('the firmware keeps its promises to HS-mode: SBI, timer, traps handed on, PMP, harts', () => {
  it.each<Target>([
    { machine: 'virt', dvext: 'none', harts: 1, append: '' },
    { machine: 'virt', dvext: 'none', harts: 4, append: '' },
    { machine: 'firesim', dvext: 'rocket', harts: 1, append: '' },
    { machine: 'firesim', dvext: 'rocket', harts: 2, append: 'vpmp=perVm' },
    { machine: 'firesim', dvext: 'rocket', harts: 1, append: 'vpmp=absent' },
    { machine: 'firesim', dvext: 'strict', harts: 1, append: '' },
  ])('$machine, DV-ext $dvext, $harts hart(s), "$append"', (target) => {
    expect(run(target)).toEqual({ kind: 'finisher', code: 0, console: 'sbitest ok\n' });
  });
});
