/**
 * The three services on the simulated machine, natively and in a virtual machine under either hypervisor: any streams, right
 * and wrong, cut into any segments, over a link that loses, doubles, delays and damages frames, answered as the models do.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { faultKinds, faultyLink, type FaultKind } from '../../libs/duvisor/src/loadgen/faulty-link.js';
import { StaticFilesModel } from '../../libs/duvisor/src/loadgen/models/http.js';
import { MemcachedModel } from '../../libs/duvisor/src/loadgen/models/memcached.js';
import { RedisModel } from '../../libs/duvisor/src/loadgen/models/redis.js';
import { toBytes } from '../../libs/duvisor/src/loadgen/protocols/byte-string.js';
import { httpText } from '../../libs/duvisor/src/loadgen/protocols/http.js';
import { testSeed } from '../seed.js';
import { systems, talk, type System } from './machine.testkit.js';
import { memcachedDifference, memcachedSteps, memcachedText } from './memcached-streams.testkit.js';
import { files, httpDifference, httpRequests } from './nginx-streams.testkit.js';
import { anyCommand, redisDifference, redisStream, spop } from './redis-streams.testkit.js';
import { cuts, segmentsOf } from './segments.testkit.js';
import type { ServiceName } from './service.testkit.js';

/** One machine serves so many streams: some hundreds of frames each way, so that every fault strikes many of them. */
const STREAMS: Record<ServiceName, number> = { memcached: 20, redis: 60, nginx: 30 };
/** Of frames, in each direction. */
const shares = { loss: 0.03, duplicate: 0.03, reorder: 0.03, corrupt: 0.03 };
/** The machine's clock begins at 0 and does not reach the first deadline of any stream. */
const now = (): number => 1;

interface Finding {
  /** The first reply that is not the model's, if any. */
  readonly difference: string | undefined;
  /** How often the link did what to a frame. */
  readonly faults: Readonly<Record<FaultKind, number>>;
}
/** Runs all streams on one machine. */
type Check = (system: System, seed: number) => Finding;

function checkOf<T>(
  service: ServiceName,
  streams: fc.Arbitrary<T>,
  textOf: (stream: T) => string,
  /** Called in the order of the streams: what one leaves behind the next one finds. */
  makeDifference: () => (stream: T, received: string) => string | undefined,
): Check {
  return (system, seed) => {
    const samples = fc.sample(fc.tuple(streams, cuts), { numRuns: STREAMS[service], seed });
    const faults: Record<FaultKind, number> = { loss: 0, duplicate: 0, reorder: 0, corrupt: 0 };
    const onFault = (kind: FaultKind): unknown => faults[kind]++;
    const received = talk({
      system,
      service,
      conversations: samples.map(([stream, at]) => segmentsOf(textOf(stream), at)),
      cable: (peer) => faultyLink(peer, { ...shares, seed, onFault }),
      disk,
    });
    const difference = makeDifference();
    const differences = samples.map(([stream], index) => difference(stream, received[index]!));
    return { difference: differences.find((each) => each !== undefined), faults };
  };
}

/** An archive keeps no times. */
const timeless = new Map([...files].map(([path, { body }]) => [path, { body, modified: 0 }]));
const disk = [...timeless].map(([path, { body }]) => ({ path, mode: 0o644, data: toBytes(body) }));

const checks: Record<ServiceName, Check> = {
  memcached: checkOf(
    'memcached',
    memcachedSteps,
    (steps) => steps.map(memcachedText).join(''),
    () => {
      const model = new MemcachedModel(now);
      return (steps, received) => memcachedDifference(steps, model, received);
    },
  ),
  redis: checkOf(
    'redis',
    redisStream(anyCommand(spop)),
    ({ text }) => text,
    () => (stream, received) => redisDifference(stream, new RedisModel(now), received),
  ),
  nginx: checkOf(
    'nginx',
    httpRequests,
    (requests) => requests.map(httpText).join(''),
    () => {
      const model = new StaticFilesModel(timeless, { folders: false });
      return (requests, received) => httpDifference(requests, model, received);
    },
  ),
};

describe.each(systems)('on the machine, %s', (system) => {
  it.each(Object.entries(checks))('%s answers any streams as the model does', (_, check) => {
    const { difference, faults } = check(system, testSeed);
    const repeat = `DVFARM_TEST_SEED=${testSeed}`;
    expect(difference, repeat).toBeUndefined();
    for (const kind of faultKinds) expect(faults[kind], `${repeat}: frames with ${kind}`).toBeGreaterThan(0);
  });
});
