/**
 * Published application results with one vCPU (paper-results.md sections 3.1 and 3.2), as ratios of throughput: absolute
 * rates of the FPGA are never compared, for its network path is not modelled in full.
 *
 * `C-app`: the artifact's rerun, Memcached with memtier, operations per second. `P`: the paper's figure "normalized overhead",
 * digitised; overhead o means a throughput of 2 - o of the native one. The published baseline is KVM-OPT under QEMU.
 */
import type { Configuration } from '../input.js';

/** memtier's defaults where they matter most: one request under way on a connection, over TCP. */
export function isPublishedLoad({ params }: Configuration): boolean {
  return 'pipeline' in params && params.pipeline === 1 && !('transport' in params && params.transport === 'udp');
}

export interface PublishedRatio {
  readonly tag: 'C-app' | 'P';
  readonly ratio: number;
  readonly approximate: boolean;
  /** (measured − published) ÷ published; null when nothing was measured. */
  readonly distance: number | null;
}

interface Throughput {
  readonly workload: string;
  readonly tag: PublishedRatio['tag'];
  readonly approximate: boolean;
  readonly values: Readonly<Record<string, number>>;
}

const throughputs: readonly Throughput[] = [
  {
    workload: 'memcached-like',
    tag: 'C-app',
    approximate: false,
    values: { native: 39297.7, kvm: 23420.96, duvisor: 27687.8 },
  },
  {
    workload: 'memcached-like',
    tag: 'P',
    approximate: true,
    values: { native: 1, kvm: 2 - 1.32, duvisor: 2 - 1.26 },
  },
];

export function publishedRatios(
  workload: string,
  candidate: string,
  reference: string,
  measured: number | null,
): PublishedRatio[] {
  return throughputs
    .filter((entry) => entry.workload === workload)
    .flatMap(({ tag, approximate, values }) => {
      const [mine, other] = [values[candidate], values[reference]];
      if (mine === undefined || other === undefined) return [];
      const ratio = mine / other;
      return [{ tag, ratio, approximate, distance: measured === null ? null : (measured - ratio) / ratio }];
    });
}
