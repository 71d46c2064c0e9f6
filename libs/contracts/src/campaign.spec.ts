import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCampaign, pointLabel, type CampaignFileInput, type PointCheck } from './campaign.js';
import { InputError } from './input-error.js';
import { pointKeyText, runKeyText, runSpecSchema } from './run.js';
import { machinePresets } from './target-config.js';
import { workloadDefaults } from './workload.js';

const small: CampaignFileInput = {
  name: 'small',
  machine: { preset: 'firesim' },
  hypervisor: ['kvm', 'duvisor'],
  workload: { name: 'hypercall' },
};

const issuesOf = (input: unknown): string[] => {
  try {
    parseCampaign(input, 'x.yaml');
  } catch (error) {
    if (error instanceof InputError) return error.message.split('\n');
    throw error;
  }
  return [];
};

describe('a campaign file', () => {
  it('spans its axes in file order, seeds innermost', () => {
    const { expansion } = parseCampaign({
      ...small,
      workload: [{ name: ['hypercall', 'mmio'], iterations: [10, 20], warmup: 0 }],
      seeds: [7, 3],
    });
    expect(
      expansion.points.map(
        ({ hypervisor, workload }) =>
          `${hypervisor} ${workload.name} ${'iterations' in workload.params ? workload.params.iterations : ''}`,
      ),
    ).toEqual([
      'kvm hypercall 10',
      'kvm hypercall 20',
      'kvm mmio 10',
      'kvm mmio 20',
      'duvisor hypercall 10',
      'duvisor hypercall 20',
      'duvisor mmio 10',
      'duvisor mmio 20',
    ]);
    expect(expansion.runs.map((run) => run.seed).slice(0, 4)).toEqual([7, 3, 7, 3]);
  });

  it('takes presets and overrides them, settings too', () => {
    const { expansion } = parseCampaign({
      ...small,
      hypervisor: 'kvm',
      machine: [{ preset: 'virt' }, { preset: 'firesim', memoryMiB: [256, 1024], set: { 'l2.latency': [10, 20] } }],
    });
    expect(expansion.points.map((point) => point.machine)).toEqual([
      machinePresets.virt,
      ...[256, 1024].flatMap((memoryMiB) =>
        [10, 20].map((latency) => ({ ...machinePresets.firesim, memoryMiB, set: { 'l2.latency': latency } })),
      ),
    ]);
    expect(pointLabel(expansion.points[1]!)).toBe(
      'firesim memoryMiB=256 l2.latency=10 / kvm / hypercall iterations=1000 warmup=100',
    );
  });

  it('leaves out what an exclusion matches', () => {
    const { expansion } = parseCampaign({
      ...small,
      workload: { name: ['hypercall', 'mmio'] },
      exclude: [{ hypervisor: 'kvm', workload: { name: 'mmio' } }],
    });
    expect(expansion.points.map((point) => `${point.hypervisor} ${point.workload.name}`)).toEqual([
      'kvm hypercall',
      'duvisor hypercall',
      'duvisor mmio',
    ]);
  });

  it('turns durations into seconds', () => {
    expect(parseCampaign({ ...small, limits: { perRun: '10m' } }).file.limits).toEqual({ perRun: 600 });
  });

  it.each<[string, unknown, string[]]>([
    ['nothing', undefined, ['x.yaml: found nothing, expected an object']],
    ['a text', 'hello', ['x.yaml: found "hello", expected an object']],
    [
      'an unknown key',
      { ...small, sed: 1 },
      [
        'x.yaml: sed: found unknown key "sed", expected one of name, description, machine, hypervisor, workload, exclude, seeds, engine, limits',
      ],
    ],
    [
      'an unknown key inside',
      { ...small, machine: { preset: 'virt', dvextt: 'qemu' } },
      [
        'x.yaml: machine.dvextt: found unknown key "dvextt", expected one of preset, harts, memoryMiB, timing, dvext, quantum, set',
      ],
    ],
    [
      'a missing key',
      { name: 'a', machine: { preset: 'virt' }, workload: { name: 'mmio' } },
      ['x.yaml: hypervisor: found nothing, expected one of "duvisor", "kvm", "native"'],
    ],
    [
      'a wrong choice in a list',
      { ...small, hypervisor: ['kvm', 'xen'] },
      ['x.yaml: hypervisor[1]: found "xen", expected one of "duvisor", "kvm", "native"'],
    ],
    [
      'a fraction',
      { ...small, workload: { name: 'mmio', iterations: 1.5 } },
      ['x.yaml: workload.iterations: found 1.5, expected a whole number or a list'],
    ],
    [
      'too little memory',
      { ...small, machine: { preset: 'firesim', memoryMiB: 64 } },
      ['x.yaml: machine.memoryMiB: found 64, expected a value >= 128'],
    ],
    [
      'too much memory',
      { ...small, machine: { preset: 'firesim', memoryMiB: 20000 } },
      ['x.yaml: machine.memoryMiB: found 20000, expected a value <= 2048'],
    ],
    [
      'a seed twice',
      { ...small, seeds: [1, 2, 1] },
      ['x.yaml: seeds[2]: found 1 for the second time, expected each seed once: equal seeds give equal runs'],
    ],
    [
      'DuVisor without DV-ext',
      { ...small, machine: [{ preset: 'firesim' }, { preset: 'firesim', dvext: 'none' }] },
      [
        'x.yaml: machine[1].dvext: found "none" with hypervisor "duvisor", expected "rocket", "strict" or "qemu": DuVisor runs in HU-mode, which DV-ext adds',
      ],
    ],
    [
      'more harts than guests use',
      { ...small, machine: { preset: 'firesim', harts: 4 } },
      ['x.yaml: machine.harts: found 4 with workload "hypercall", expected 1: the guests that exist use one vCPU'],
    ],
    [
      'an option of the other hypervisor',
      { ...small, machine: { preset: 'firesim', set: { 'kvm.haltPoll': 3 } } },
      [
        'x.yaml: machine.set.kvm.haltPoll: found kvm.haltPoll with hypervisor "duvisor", expected parameters named kvm.* only where the hypervisor is "kvm"',
      ],
    ],
    [
      'more pages than memory',
      { ...small, workload: { name: 'stage2-fault', iterations: 200_000 } },
      [
        'x.yaml: workload.iterations: found 200100 fresh pages (iterations + warmup) with machine.memoryMiB 512, expected at most 106496: each operation of "stage2-fault" touches one new page of guest memory',
      ],
    ],
    [
      'an exclusion without effect',
      { ...small, exclude: [{ workload: { name: 'mmio' } }] },
      ['x.yaml: exclude[0]: found a pattern that matches no point, expected a pattern that matches at least one'],
    ],
    [
      'an exclusion of everything',
      { ...small, exclude: [{ machine: { preset: 'firesim' } }] },
      ['x.yaml: exclude: found patterns that leave no point, expected at least one point'],
    ],
    [
      'the same point twice',
      { ...small, hypervisor: 'kvm', workload: [{ name: 'mmio' }, { name: 'mmio', iterations: 1000 }] },
      ['x.yaml: workload[1]: found the same point as workload[0], expected every point once'],
    ],
    [
      'too many runs',
      { ...small, seeds: 1000, workload: { name: 'mmio', iterations: Array.from({ length: 11 }, (_, i) => i + 1) } },
      ['x.yaml: found a matrix of 22000 runs, expected at most 20000'],
    ],
    [
      'several things',
      { ...small, name: 'No', seeds: 0 },
      [
        'x.yaml: name: found "No", expected a name of lower-case letters, digits, ".", "_" and "-", 63 characters at most',
        'x.yaml: seeds: found 0, expected a value >= 1',
      ],
    ],
  ])('with %s is refused with place, found and expected', (_, input, messages) => {
    expect(issuesOf(input)).toEqual(messages);
  });
});

it('places what the simulator finds wrong with a point, and says it once', () => {
  const check: PointCheck = () => [
    { at: ['machine', 'set', 'l2.size'], found: 'no such parameter', expected: 'another' },
  ];
  const input = { ...small, machine: [{ preset: 'firesim', set: { 'l2.size': 3 } }] };
  expect(() => parseCampaign(input, 'x.yaml', check)).toThrow(
    'x.yaml: machine[0].set.l2.size: found no such parameter, expected another',
  );
});

describe('expansion', () => {
  const axis = <Value>(...values: Value[]) => fc.subarray(values, { minLength: 1 });
  const campaigns = fc.record({
    machine: fc.record({
      preset: fc.constant('firesim' as const),
      memoryMiB: axis(256, 512, 1024),
      quantum: axis(100, 1000),
    }),
    hypervisor: axis('kvm' as const, 'duvisor' as const),
    workload: fc.record({ name: axis('hypercall' as const, 'mmio' as const), iterations: axis(1, 10, 100) }),
    seeds: fc.oneof(
      fc.integer({ min: 1, max: 5 }),
      fc.uniqueArray(fc.nat({ max: 1000 }), { minLength: 1, maxLength: 5 }),
    ),
  });

  it('gives the product of all axes, each run once, each valid and with a key of its own, the same at every time', () => {
    fc.assert(
      fc.property(campaigns, (axes) => {
        const { expansion } = parseCampaign({ name: 'a', ...axes });
        const seeds = typeof axes.seeds === 'number' ? axes.seeds : axes.seeds.length;
        const { machine, workload } = axes;
        const points =
          machine.memoryMiB.length *
          machine.quantum.length *
          axes.hypervisor.length *
          workload.name.length *
          workload.iterations.length;
        expect(expansion.points).toHaveLength(points);
        expect(expansion.runs).toHaveLength(points * seeds);
        const software = { images: { 'a.elf': '0'.repeat(64) }, simulator: '1'.repeat(64) };
        expect(new Set(expansion.runs.map((run) => runKeyText(run, software))).size).toBe(expansion.runs.length);
        expect(new Set(expansion.points.map(pointKeyText)).size).toBe(points);
        for (const run of expansion.runs) expect(runSpecSchema.parse(run)).toEqual(run);
        expect(parseCampaign({ name: 'a', ...axes }).expansion).toEqual(expansion);
      }),
      { numRuns: 50 },
    );
  });

  it('answers any JSON with runs or with issues, never with another error', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom('name', 'machine', 'hypervisor', 'workload', 'exclude', 'seeds', 'limits', 'engine'),
        (value, key) => {
          for (const message of issuesOf({ ...small, [key]: value }))
            expect(message).toMatch(/^x\.yaml: .*found .*, expected ./);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('services in a campaign file', () => {
  const service = {
    name: 'a',
    machine: { preset: 'firesim' },
    hypervisor: ['native', 'kvm', 'duvisor'],
    workload: { name: 'nginx-like', requests: 20 },
  };

  it('get every parameter that is left out, the same under each hypervisor', () => {
    const { points } = parseCampaign(service).expansion;
    expect(points.map(({ hypervisor }) => hypervisor)).toEqual(['native', 'kvm', 'duvisor']);
    for (const { workload } of points)
      expect(workload).toEqual({ name: 'nginx-like', params: { ...workloadDefaults['nginx-like'], requests: 20 } });
  });

  it('span axes of parameters that are objects, and are told apart in labels', () => {
    const { points } = parseCampaign({
      ...service,
      hypervisor: 'kvm',
      workload: {
        name: ['memcached-like', 'redis-like'],
        valueBytes: [
          { min: 8, max: 8 },
          { min: 8, max: 1024 },
        ],
        loop: { kind: 'open', ratePerSecond: 5000 },
      },
    }).expansion;
    expect(points).toHaveLength(4);
    expect(points.map((point) => pointLabel(point))[1]).toMatch(/loop=open:5000 .*keyBytes=16 valueBytes=8\.\.1024/);
  });

  it('are left out by an exclusion that names an object', () => {
    const { points } = parseCampaign({
      ...service,
      workload: {
        name: 'nginx-like',
        files: [
          { count: 2, bytes: { min: 1, max: 9 } },
          { count: 3, bytes: { min: 1, max: 9 } },
        ],
      },
      exclude: [{ hypervisor: 'native', workload: { files: { count: 3, bytes: { max: 9, min: 1 } } } }],
    }).expansion;
    expect(points).toHaveLength(5);
  });

  it.each([
    [
      'a parameter of another workload',
      { ...service, workload: { name: ['nginx-like', 'redis-like'], keys: 5 } },
      'x.yaml: workload.keys: found keys with workload "nginx-like", expected one of requests, warmup, connections, loop, popularity, pipeline, files',
    ],
    [
      'a range upside down',
      { ...service, workload: { name: 'redis-like', valueBytes: { min: 9, max: 8 } } },
      'x.yaml: workload.valueBytes.min: found 9, above max 8, expected min <= max',
    ],
    [
      'a micro-benchmark without a hypervisor',
      { ...service, workload: [{ name: 'mmio' }] },
      'x.yaml: hypervisor[0]: found "native" with workload "mmio", expected "kvm" or "duvisor": the operation of this guest is a VM exit',
    ],
    [
      'more connections than keys',
      { ...service, workload: { name: 'redis-like', connections: 9, keys: 8 } },
      'x.yaml: workload.connections: found 9 with keys 8, expected at most as many as keys',
    ],
    [
      'more data than the service keeps',
      { ...service, workload: { name: 'memcached-like', keys: 100000, valueBytes: { min: 1, max: 1000 } } },
      'x.yaml: workload.keys: found up to 101600000 bytes of keys and values, expected keys times (keyBytes.max + valueBytes.max) at most 8388608',
    ],
    [
      'a pipeline of datagrams',
      { ...service, workload: { name: 'memcached-like', transport: 'udp', pipeline: 2 } },
      'x.yaml: workload.pipeline: found 2 with transport "udp", expected 1',
    ],
    [
      'a machine too small for the virtual machine',
      { ...service, machine: { preset: 'firesim', memoryMiB: 200 } },
      'x.yaml: machine.memoryMiB: found 200 with workload "nginx-like" under "kvm", expected at least 224: the guest has 128 MiB',
    ],
    [
      'more files than fit',
      { ...service, workload: { name: 'nginx-like', files: { count: 1000, bytes: { min: 1, max: 10000 } } } },
      'x.yaml: workload.files: found up to 10000000 bytes of files, expected count times bytes.max at most 8388608',
    ],
  ])('are refused with %s', (_what, input, message) => {
    expect(() => parseCampaign(input, 'x.yaml')).toThrow(message);
  });
});
