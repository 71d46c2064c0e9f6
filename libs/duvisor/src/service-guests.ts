/** The services: which program each workload runs in the guest, how it is called, and what loads it. */
import type { ServiceName, ServiceWorkload } from '#libs/contracts';
import type { LoadService, LoadSpec } from './loadgen/load-spec.js';

interface ServiceGuest {
  readonly service: LoadService;
  /** Argument vector; the first word is the program's path in the guest's initramfs. */
  readonly argv: readonly string[];
}

export const serviceGuests: Readonly<Record<ServiceName, ServiceGuest>> = {
  'memcached-like': { service: 'memcached', argv: ['/memcached', '-m', '64'] },
  'redis-like': { service: 'redis', argv: ['/redis'] },
  'nginx-like': { service: 'nginx', argv: ['/nginx'] },
};

export const poweroffImage = 'service-poweroffd.elf';
export const poweroffPath = '/poweroffd';

/** Name of the program among the prebuilt images. */
export function serviceImage(name: ServiceName): string {
  return `service-${serviceGuests[name].service}.elf`;
}

/** The load of a run's parameters, for the generator. */
export function loadSpecOf({ name, params }: ServiceWorkload): LoadSpec {
  const { service } = serviceGuests[name];
  // A web server has no keys: what the generator does not read is still part of its one specification.
  const stores = { keys: params.connections, valueBytes: { min: 1, max: 1 }, getShare: 1 };
  return { ...stores, ...params, service };
}

/** Target cycles after which a guest that has not ended hangs. Generous: a hundred times what a request takes. */
export function cycleLimitOf({ params }: ServiceWorkload, cyclesPerSecond: number): number {
  const { requests, warmup, loop } = params;
  const all = requests + warmup + ('keys' in params ? params.keys : 0);
  const arrivals = loop.kind === 'open' ? all / loop.ratePerSecond : 0;
  return Math.ceil(cyclesPerSecond * (BOOT_SECONDS + SECONDS_PER_REQUEST * all + 4 * arrivals));
}

/** Of target time. Booting takes some hundredths. */
const BOOT_SECONDS = 3;
const SECONDS_PER_REQUEST = 0.005;
