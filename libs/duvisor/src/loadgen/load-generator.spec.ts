import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultyLink, type LinkFaults } from './faulty-link.js';
import { createLoadGenerator } from './load-generator.js';
import type { LoadMark, LoadResult, LoadService, LoadSpec } from './load-spec.js';
import { SECOND, stubMachine, type StubOptions } from './service-stub.testkit.js';
import { gigabit, join, TestClock } from './simulated-link.testkit.js';

const small: LoadSpec = {
  service: 'memcached',
  requests: 200,
  warmup: 20,
  connections: 4,
  loop: { kind: 'closed' },
  keys: 40,
  valueBytes: { min: 0, max: 3000 },
  getShare: 0.7,
  files: { count: 12, bytes: { min: 1, max: 20_000 } },
};

interface Loaded {
  readonly result: LoadResult;
  readonly done: boolean;
  readonly marks: readonly (readonly [LoadMark, number])[];
  readonly frames: readonly string[];
  readonly powerOffs: number;
  readonly answered: number;
}

function load(spec: LoadSpec, seed = 1, stub: StubOptions = {}, faults?: Omit<LinkFaults, 'seed'>): Loaded {
  const clock = new TestClock();
  const marks: [LoadMark, number][] = [];
  const frames: string[] = [];
  const generator = createLoadGenerator(spec, seed, {
    cyclesPerSecond: SECOND,
    onMark: (mark, cycle) => marks.push([mark, cycle]),
  });
  const machine = stubMachine(spec, stub);
  const peer = faults === undefined ? generator : faultyLink(generator, { ...faults, seed });
  join(clock, peer, machine.station, gigabit, (frame, cycle, from) =>
    frames.push(`${cycle} ${from} ${Buffer.from(frame).toString('base64')}`),
  );
  clock.run(3000 * SECOND, () => generator.confirmed);
  const { done } = generator;
  return {
    result: generator.result(),
    done,
    marks,
    frames,
    powerOffs: machine.powerOffs(),
    answered: machine.requests(),
  };
}

/** Everything was answered as it must be, and the figures fit together. */
function expectClean(spec: LoadSpec, { result, done, marks, powerOffs }: Loaded): void {
  expect(result.errors).toEqual([]);
  expect(result).toMatchObject({ requests: spec.requests, verified: spec.requests, failed: 0 });
  expect(done).toBe(true);
  expect(powerOffs).toBeGreaterThan(0);
  expect(marks).toEqual([
    ['begin', result.beginCycle],
    ['end', result.endCycle],
  ]);
  const { p50, p95, p99, mean, max } = result.latencies;
  expect(2 * gigabit.latency).toBeLessThan(p50);
  expect(p50 <= p95 && p95 <= p99 && p99 <= max && mean <= max).toBe(true);
  expect(max).toBeLessThanOrEqual(result.endCycle - result.beginCycle);
}

const services: LoadService[] = ['memcached', 'redis', 'nginx'];

describe('a load', () => {
  it.each(services)('of %s verifies every reply and powers the machine off', (service) => {
    const spec = { ...small, service };
    const loaded = load(spec);
    expectClean(spec, loaded);
    const stores = service === 'nginx' ? 0 : spec.keys;
    expect(loaded.answered).toBe(stores + spec.warmup + spec.requests);
  });

  it('is the same for the same seed, to the frame and the cycle, and another for another', () => {
    for (const service of services) {
      const spec = { ...small, service };
      const { frames, result } = load(spec, 3);
      expect(load(spec, 3)).toMatchObject({ frames, result });
      expect(load(spec, 4).result).not.toEqual(result);
    }
  });

  it('may be any within its bounds, over a bad link too', () => {
    const share = fc.constantFrom(0, 0.02, 0.1);
    const loads = fc.record({
      service: fc.constantFrom(...services),
      requests: fc.integer({ min: 1, max: 60 }),
      warmup: fc.integer({ min: 0, max: 20 }),
      connections: fc.integer({ min: 1, max: 6 }),
      loop: fc.oneof(
        fc.constant({ kind: 'closed' as const }),
        fc.record({ kind: fc.constant('open' as const), ratePerSecond: fc.integer({ min: 1000, max: 200_000 }) }),
      ),
      keys: fc.integer({ min: 6, max: 30 }),
      valueBytes: fc.constantFrom({ min: 0, max: 0 }, { min: 1, max: 400 }, { min: 1, max: 10_000 }),
      keyBytes: fc.constantFrom({ min: 8, max: 8 }, { min: 8, max: 250 }),
      getShare: fc.constantFrom(0, 0.5, 1),
      popularity: fc.constantFrom('uniform' as const, 'zipf' as const),
      pipeline: fc.integer({ min: 1, max: 8 }),
      files: fc.constant({ count: 5, bytes: { min: 1, max: 8000 } }),
    });
    const faults = fc.record({ loss: share, duplicate: share, reorder: share, corrupt: share });
    fc.assert(
      fc.property(loads, faults, fc.nat(), (spec, bad, seed) => {
        const loaded = load(spec, seed, {}, bad);
        // The machine is gone after its first "bye"; the stub goes on and answers again.
        expect(loaded.result.errors).toEqual([]);
        expect(loaded.result.verified).toBe(spec.requests);
        expect(loaded.done).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('reads by datagram when told so, and repeats what is lost', () => {
    const spec: LoadSpec = { ...small, transport: 'udp', valueBytes: { min: 1, max: 1300 } };
    expectClean(spec, load(spec));
    const lossy = load(spec, 1, {}, { loss: 0.1, duplicate: 0.1, reorder: 0.1 });
    expect(lossy.result).toMatchObject({ verified: spec.requests, errors: [] });
  });

  it('has so many requests under way on a connection as its pipeline is deep', () => {
    const spec: LoadSpec = { ...small, service: 'redis', requests: 320, valueBytes: { min: 8, max: 8 } };
    const one = load(spec);
    const eight = load({ ...spec, pipeline: 8 });
    expectClean(spec, eight);
    const time = ({ result }: Loaded): number => result.endCycle - result.beginCycle;
    expect(time(eight)).toBeLessThan(time(one) / 2);
  });

  it('offers an open loop at its rate, whatever the service does, and counts waiting as latency', () => {
    const ratePerSecond = 50_000;
    const spec: LoadSpec = {
      ...small,
      requests: 2000,
      valueBytes: { min: 8, max: 8 },
      loop: { kind: 'open', ratePerSecond },
    };
    const quick = load(spec);
    expectClean(spec, quick);
    const seconds = (quick.result.endCycle - quick.result.beginCycle) / SECOND;
    expect(spec.requests / seconds / ratePerSecond).toBeGreaterThan(0.9);
    expect(spec.requests / seconds / ratePerSecond).toBeLessThan(1.1);
    // Each request takes longer than the time between two on a connection: the queues grow.
    const slow = load(spec, 1, { serviceCycles: 500_000 });
    expectClean(spec, slow);
    expect(slow.result.latencies.p99).toBeGreaterThan(5_000_000);
  });
});

describe('a load on a service that is wrong', () => {
  const spec: LoadSpec = { ...small, requests: 50 };
  const spoilt = (n: number, change: (reply: Uint8Array) => Uint8Array | undefined): StubOptions => ({
    spoil: (number, reply) => (number === n ? change(reply) : reply),
  });
  const firstMeasured = spec.keys + spec.warmup;

  it.each(services)('of %s notices one changed byte', (service) => {
    const n = (service === 'nginx' ? 0 : spec.keys) + spec.warmup + 5;
    const change = (reply: Uint8Array): Uint8Array => {
      const copy = reply.slice();
      // The last byte before the line end of a store, a byte of a value or a file.
      const at = service === 'nginx' ? reply.length - 1 : reply.length - 3;
      copy[at] = copy[at]! ^ 1;
      return copy;
    };
    const { result, done } = load(
      { ...spec, service, files: { count: 3, bytes: { min: 50, max: 60 } } },
      1,
      spoilt(n, change),
    );
    expect(result.failed).toBeGreaterThan(0);
    expect(result.verified).toBeLessThan(spec.requests);
    expect(result.errors[0]).toMatch(/^cycle \d+: /);
    expect(done).toBe(true);
  });

  it('notices a reply too many, at the end too', () => {
    const twice = (reply: Uint8Array): Uint8Array => Uint8Array.from([...reply, ...reply]);
    for (const n of [firstMeasured + 3, firstMeasured + spec.requests - 1]) {
      // Short values: both replies come in one segment.
      const { result, done } = load({ ...spec, valueBytes: { min: 0, max: 99 } }, 1, spoilt(n, twice));
      expect(result.errors.join()).toMatch(/a reply without a request/);
      expect(done).toBe(true);
    }
  });

  it('notices half a reply too many at the end', () => {
    const more = (reply: Uint8Array): Uint8Array => Uint8Array.from([...reply, 0x45]);
    const { result } = load({ ...spec, connections: 1 }, 1, spoilt(firstMeasured + spec.requests - 1, more));
    expect(result.errors.join()).toMatch(/bytes after the last reply/);
  });

  it('counts a reply that never comes as an error and goes on', () => {
    const { result, done } = load(
      spec,
      1,
      spoilt(firstMeasured + 7, () => undefined),
    );
    expect(result.errors.join()).toMatch(/no reply in time/);
    expect(result.requests).toBe(spec.requests);
    expect(result.verified).toBe(spec.requests - 1);
    expect(done).toBe(true);
  });

  it('opens a connection again that the service resets', () => {
    const { result, done } = load(spec, 1, {
      spoil: (number, reply, connection) => {
        if (number === firstMeasured + 7) connection?.abort();
        return reply;
      },
    });
    expect(result.errors.join()).toMatch(/the connection ended: reset/);
    expect(result.requests).toBe(spec.requests);
    expect(done).toBe(true);
  });

  it('gives up when nobody is there, and leaves nothing to wait for', () => {
    const clock = new TestClock();
    const generator = createLoadGenerator(spec, 1, { cyclesPerSecond: SECOND });
    generator.connect(() => undefined, clock);
    expect(clock.run(1000 * SECOND)).toBe(true);
    expect(generator.done).toBe(true);
    expect(generator.result()).toMatchObject({ verified: 0, failed: 1, beginCycle: 0 });
    expect(generator.result().errors).toEqual([expect.stringMatching(/did not answer in time/)]);
  });
});

describe('a load that makes no sense', () => {
  it.each([
    [{ requests: 0 }, /requests: found 0/],
    [{ connections: 41 }, /keys: found 40, expected a whole number from 41/],
    [{ valueBytes: { min: 5, max: 4 } }, /valueBytes.max: found 4/],
    [{ getShare: 1.5 }, /getShare: found 1.5/],
    [{ transport: 'udp', pipeline: 2 }, /transport: found udp/],
    [{ loop: { kind: 'open', ratePerSecond: 0 } }, /ratePerSecond: found 0/],
    [{ service: 'nginx', files: { count: 1, bytes: { min: 0, max: 1 } } }, /files.bytes.min: found 0/],
  ] as [Partial<LoadSpec>, RegExp][])('%j is refused', (change, message) => {
    expect(() => createLoadGenerator({ ...small, ...change }, 1, { cyclesPerSecond: SECOND })).toThrow(message);
  });
});
