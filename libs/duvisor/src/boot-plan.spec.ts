import { memoryBoundsMiB, timingModels, type MicroWorkload, type RunSpec } from '#libs/contracts';
import { maxRamBytes, timingPresetNames } from '#libs/riscv-core';
import { describe, expect, it } from 'vitest';
import { bootArguments, planBoot } from './boot-plan.js';
import { imageNames, prebuiltImages, type ImageStore } from './images.js';

function spec(
  workload: MicroWorkload,
  machine: Partial<RunSpec['machine']> = {},
): RunSpec & { workload: MicroWorkload } {
  return {
    machine: {
      preset: 'firesim',
      harts: 1,
      memoryMiB: 512,
      timing: 'rocket',
      dvext: 'rocket',
      quantum: 1000,
      set: {},
      ...machine,
    },
    hypervisor: 'kvm',
    workload,
    seed: 7,
  };
}
const hypercall = spec({ name: 'hypercall', params: { iterations: 1000, warmup: 100 } });

describe('boot plan', () => {
  it('tells init which hypervisor, guest and counts', () => {
    expect(bootArguments(hypercall)).toBe(
      'init=/vmm seed=7 -- --accel kvm --kernel /guest.elf --memory 64 --smp 1 --append "iterations=1000 warmup=100"',
    );
  });

  it('gives the stage-2 guest a page for each operation', () => {
    const memory = (iterations: number): string | undefined =>
      /--memory (\d+)/.exec(bootArguments(spec({ name: 'stage2-fault', params: { iterations, warmup: 256 } })))?.[1];
    expect(memory(1)).toBe('64');
    expect(memory(100_000)).toBe(String(8 + Math.ceil(100_256 / 256)));
  });

  it('makes the same initrd every time and watches the labels of all four images', () => {
    const one = planBoot(hypercall, prebuiltImages(hypercall));
    const other = planBoot(hypercall, prebuiltImages(hypercall));
    expect(one.images.initrd?.bytes).toEqual(other.images.initrd?.bytes);
    expect(new Set(one.labels.map(({ mode }) => mode))).toEqual(new Set(['HS', 'U', 'guest']));
    expect(one.labels.filter(({ effect }) => effect.kind === 'begin')).toHaveLength(1);
  });

  it('carries machine, parameters and seed over', () => {
    const other = spec(hypercall.workload, { memoryMiB: 256, harts: 2, set: { 'l2.hit': 20 } });
    const { config } = planBoot(other, prebuiltImages(other));
    expect(config).toMatchObject({ preset: 'firesim', memoryBytes: 256 * 2 ** 20, harts: 2, seed: 7, quantum: 1000 });
    expect(config.timing.parameters.get('l2.hit')).toBe(20);
  });

  it('has one upper bound of memory: what a campaign may ask for is what a machine can have', () => {
    expect(memoryBoundsMiB.max * 2 ** 20).toBe(maxRamBytes);
    const most = spec(hypercall.workload, { memoryMiB: memoryBoundsMiB.max });
    expect(planBoot(most, prebuiltImages(most)).config.memoryBytes).toBe(maxRamBytes);
  });

  it('has one list of cycle models: a campaign may name each preset', () => {
    const offered = timingModels.filter((name) => name.includes(':'));
    expect(offered).toEqual(timingPresetNames.map((name) => `rocket:${name}`));
    const slow = spec(hypercall.workload, { timing: 'rocket:firesim-1ghz' });
    expect(planBoot(slow, prebuiltImages(slow)).config.cyclesPerTick).toBe(1000);
  });

  it('refuses what the simulator cannot build, naming the field', () => {
    const big = spec(hypercall.workload, { memoryMiB: 4096 });
    expect(() => planBoot(big, prebuiltImages(big))).toThrow(/^--memory: found 4294967296/);
    const wrong = spec(hypercall.workload, { set: { 'l2.hti': 1 } });
    expect(() => planBoot(wrong, prebuiltImages(wrong))).toThrow(/^--set l2\.hti: found no such parameter/);
  });

  it('names the image whose symbols cannot be read', () => {
    const good = prebuiltImages(hypercall);
    const bad: ImageStore = {
      read: (name) => (name === 'host.sym' ? new TextEncoder().encode('nonsense\n') : good.read(name)),
    };
    expect(imageNames(hypercall)).toContain('host.sym');
    expect(() => planBoot(hypercall, bad)).toThrow(/^host\.sym:1: found "nonsense"/);
  });
});
