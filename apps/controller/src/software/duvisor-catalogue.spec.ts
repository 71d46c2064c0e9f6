import { describe, expect, it } from 'vitest';
import { machinePresets, workloadDefaults, type MicroName, type Point } from '#libs/contracts';
import { DuvisorCatalogue } from './duvisor-catalogue.js';

const catalogue = new DuvisorCatalogue();
const point = (machine: Partial<Point['machine']> = {}, workload: MicroName = 'hypercall'): Point => ({
  machine: { ...machinePresets.firesim, ...machine },
  hypervisor: 'kvm',
  workload: { name: workload, params: { iterations: 10, warmup: 1 } },
});

describe('the software of a run', () => {
  it('is the simulator and the images of its workload, by digest', () => {
    const [hypercall, mmio] = [catalogue.softwareFor(point()), catalogue.softwareFor(point({}, 'mmio'))];
    expect(hypercall.simulator).toMatch(/^[0-9a-f]{64}$/);
    expect(mmio.simulator).toBe(catalogue.simulator());
    expect(Object.keys(hypercall.images)).toContain('guest-hypercall.elf');
    expect(Object.keys(mmio.images)).not.toContain('guest-hypercall.elf');
    expect(mmio.images['firmware.elf']).toBe(hypercall.images['firmware.elf']);
  });
});

describe('what the simulator would refuse', () => {
  it('is nothing for the presets', () => {
    expect(catalogue.conflictsOf(point())).toEqual([]);
    expect(catalogue.conflictsOf(point(machinePresets.virt))).toEqual([]);
  });

  it.each<[Partial<Point['machine']>, string, RegExp]>([
    [{ set: { 'l1d.wayz': 4 } }, 'machine set l1d.wayz', /no such parameter/],
    [{ set: { 'l1d.ways': 3.5 } }, 'machine set l1d.ways', /3\.5/],
    [{ set: { 'vpmp.absent': 1 } }, 'machine set vpmp.absent', /1/],
    [{ timing: 'none', set: { 'l1d.ways': 4 } }, 'machine set', /l1d\.ways with timing "none"/],
    [{ memoryMiB: 1 << 20 }, 'machine memoryMiB', /./],
  ])('of %j is said with its place', (machine, place, found) => {
    const conflicts = catalogue.conflictsOf(point(machine));
    expect(conflicts.map((conflict) => conflict.at.join(' '))).toEqual([place]);
    expect(conflicts[0]!.found).toMatch(found);
  });

  it('of a link is said of a service, though a micro-benchmark on the same machine was asked first', () => {
    const machine = { ...machinePresets.firesim, set: { 'net.gbps': 'fast' } };
    const params = workloadDefaults['memcached-like'];
    expect(catalogue.conflictsOf(point(machine))).toEqual([]);
    expect(
      catalogue.conflictsOf({ machine, hypervisor: 'native', workload: { name: 'memcached-like', params } }),
    ).toMatchObject([{ at: ['machine', 'set', 'net.gbps'], found: 'fast' }]);
  });
});
