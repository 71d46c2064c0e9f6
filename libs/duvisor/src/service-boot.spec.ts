import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { machinePresets, runSpecSchema, workloadDefaults, type Hypervisor, type ServiceName } from '#libs/contracts';
import { planBoot } from './boot-plan.js';
import { imageNames, type ImageStore } from './images.js';
import { staticFiles } from './loadgen/static-files.js';
import { diskImage, guestArguments, hostArguments, ServiceLoad, type ServiceSpec } from './service-boot.js';
import { cycleLimitOf, loadSpecOf, serviceGuests } from './service-guests.js';

function spec(hypervisor: Hypervisor, name: ServiceName = 'memcached-like', seed = 7): ServiceSpec {
  const workload = { name, params: workloadDefaults[name] } as ServiceSpec['workload'];
  return { machine: machinePresets.firesim, hypervisor, workload, seed };
}

/** What the plan reads, in the place of images. */
const named: ImageStore = { read: (name) => new TextEncoder().encode(`contents of ${name}`) };

describe('boot plan of a service', () => {
  it('starts what powers the guest off, then the service, with the run’s seed', () => {
    expect(guestArguments(spec('native'))).toBe('ip=10.0.2.15/24 seed=7 run=/poweroffd run=/memcached,-m,64');
  });

  it('gives the VMM the same guest, under either hypervisor', () => {
    const append = `--append "${guestArguments(spec('kvm'))}"`;
    expect(hostArguments(spec('kvm'))).toBe(
      `init=/vmm seed=7 -- --accel kvm --kernel /vm.bin --initrd /guest.cpio --vmtap tap0 --memory 128 --smp 1 ${append}`,
    );
    expect(hostArguments(spec('duvisor'))).toBe(hostArguments(spec('kvm')).replace('kvm', 'duvisor'));
  });

  it('gives the web server, and only it, a disk', () => {
    expect(hostArguments(spec('kvm', 'nginx-like'))).toContain(' --block /dev/vda ');
    expect(planBoot(spec('native', 'redis-like'), named).config.block).toBeUndefined();
    expect(planBoot(spec('native', 'nginx-like'), named).config.block?.image.length).toBeGreaterThan(10_000);
  });

  it('reads exactly the images that the run’s key names', () => {
    for (const hypervisor of ['native', 'kvm', 'duvisor'] as const) {
      const run = spec(hypervisor);
      const read = new Set<string>();
      planBoot(run, { read: (name) => (read.add(name), named.read(name)) });
      expect([...read].sort()).toEqual([...imageNames(run)].sort());
    }
    expect(imageNames(spec('native'))).not.toContain('vmm.elf');
  });

  it('links the machine to the load generator', () => {
    const run = spec('duvisor');
    const plan = planBoot(run, named);
    expect(plan.config.net).toBeDefined();
    expect(plan.load?.cyclesPerSecond).toBe(3_200_000_000);
    expect(plan.labels).toEqual([]);
  });

  it('names a parameter of the link that is wrong', () => {
    const run = { ...spec('native'), machine: { ...machinePresets.firesim, set: { 'net.gbps': 'fast' } } };
    expect(() => planBoot(run, named)).toThrow(/^--set net\.gbps: found fast/);
  });
});

describe('the disk', () => {
  const files = { count: 5, bytes: { min: 100, max: 5000 } };

  it('is the same every time, whole sectors, and holds each file once', () => {
    const image = diskImage(files);
    expect(diskImage(files)).toEqual(image);
    expect(image.length % 512).toBe(0);
    const text = new TextDecoder('latin1').decode(image);
    for (const { path, data } of staticFiles(files)) {
      expect(text.split(`${path.slice(1)}\0`)).toHaveLength(2);
      expect(text).toContain(new TextDecoder('latin1').decode(data));
    }
  });
});

describe('the load of a run', () => {
  it.each(Object.keys(serviceGuests) as ServiceName[])('%s: carries every parameter over', (name) => {
    const { workload } = spec('kvm', name);
    expect(loadSpecOf(workload)).toMatchObject(workload.params);
  });

  it('is one that the generator takes, whatever a campaign may ask for', () => {
    const end = (least: number, most: number) => fc.integer({ min: least, max: most });
    const range = (least: number, most: number) =>
      fc.tuple(end(least, most), end(least, most)).map(([a, b]) => ({ min: Math.min(a, b), max: Math.max(a, b) }));
    const params = {
      requests: end(1, 1_000_000),
      warmup: end(0, 1_000_000),
      connections: end(1, 256),
      loop: fc.constantFrom({ kind: 'closed' }, { kind: 'open', ratePerSecond: 1 }),
      pipeline: end(1, 64),
      keys: end(1, 400),
      keyBytes: range(8, 250),
      valueBytes: range(1, 4000),
      getShare: fc.constantFrom(0, 0.5, 1),
      transport: fc.constantFrom('tcp', 'udp'),
      files: fc.record({ count: end(1, 20), bytes: range(1, 20_000) }),
    };
    const arbitrary = fc.oneof(
      ...(Object.keys(serviceGuests) as ServiceName[]).map((name) =>
        fc.record(params).map((drawn) => {
          const own = Object.keys(workloadDefaults[name]).filter((key) => key in drawn);
          const chosen = Object.fromEntries(own.map((key) => [key, drawn[key as keyof typeof drawn]]));
          return { name, params: { ...workloadDefaults[name], ...chosen } } as ServiceSpec['workload'];
        }),
      ),
    );
    fc.assert(
      fc.property(arbitrary, (workload) => {
        const run = { ...spec('native'), workload };
        fc.pre(runSpecSchema.safeParse(run).success);
        expect(() => new ServiceLoad(workload, 1, 1e9)).not.toThrow();
      }),
      { numRuns: 60 },
    );
  });

  it('has a limit of target time that grows with the requests and with slow arrivals', () => {
    const limit = (params: object): number => {
      const { workload } = spec('kvm');
      return cycleLimitOf({ ...workload, params: { ...workload.params, ...params } } as typeof workload, 1e9);
    };
    expect(limit({})).toBe(1e9 * (3 + 0.005 * (400 + 40 + 64)));
    expect(limit({ requests: 800 })).toBeGreaterThan(limit({}));
    expect(limit({ loop: { kind: 'open', ratePerSecond: 1 } })).toBeGreaterThan(500e9);
  });
});
