/** What a load generator does and what it reports. Sizes in bytes, times in target cycles unless the name says otherwise. */

export interface Range {
  readonly min: number;
  readonly max: number;
}

export type LoadService = 'memcached' | 'redis' | 'nginx';

/** `zipf`: the i-th most popular key or file is asked for with a frequency proportional to 1 / i^0.99. */
export type Popularity = 'uniform' | 'zipf';

/**
 * `closed`: each connection sends its next requests when the replies to the last ones have come.
 * `open`: requests arrive as a Poisson process, whatever the service does; a request that finds its connection busy waits,
 * and its latency counts from its arrival.
 */
export type LoadLoop = { readonly kind: 'closed' } | { readonly kind: 'open'; readonly ratePerSecond: number };

/** Files of a web server's document root: sizes are spread evenly over the logarithm of `bytes`. */
export interface FileSet {
  readonly count: number;
  readonly bytes: Range;
}

export interface LoadSpec {
  readonly service: LoadService;
  /** Measured requests, at least 1. */
  readonly requests: number;
  /** Requests before the measured ones, after every key was stored once; at least 0. */
  readonly warmup: number;
  /** 1 .. 256; at most `keys`, for each connection stores and reads keys of its own (the order of its requests is known). */
  readonly connections: number;
  readonly loop: LoadLoop;
  /** Number of keys (memcached, redis). */
  readonly keys: number;
  /** Bytes of a value, evenly distributed (memcached, redis). */
  readonly valueBytes: Range;
  /** Share of reads among the requests, 0 .. 1 (memcached, redis); the others store a new value. */
  readonly getShare: number;
  /** Bytes of a key, 8 .. 250; default 16 .. 16 (memcached, redis). */
  readonly keyBytes?: Range;
  /** Of keys or files; default zipf. */
  readonly popularity?: Popularity;
  /** Requests under way on one connection, default 1. A closed loop sends that many at once and waits for all replies. */
  readonly pipeline?: number;
  /** memcached only, default tcp. `udp`: reads go by datagram and stores by TCP; `pipeline` is 1. */
  readonly transport?: 'tcp' | 'udp';
  /** nginx: what is on the disk; the same `FileSet` gives the disk image its files. */
  readonly files?: FileSet;
}

/** First measured request sent, last measured reply received. */
export type LoadMark = 'begin' | 'end';

export interface LoadOptions {
  /** Of the clock that the link runs by. */
  readonly cyclesPerSecond: number;
  readonly onMark?: (mark: LoadMark, cycle: number) => void;
}

/** Of every verified measured request; nearest-rank percentiles, exact. */
export interface LatencySummary {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly mean: number;
  readonly max: number;
}

export interface LoadResult {
  /** Measured requests that were answered or given up: `verified` + those counted in `failed`. */
  readonly requests: number;
  /** Measured requests whose reply was, byte for byte, the expected one. */
  readonly verified: number;
  /** Requests of any phase that got a wrong reply or none, and everything else that went wrong. */
  readonly failed: number;
  /** The first ten failures in words. */
  readonly errors: readonly string[];
  /** 0 when there was no measured request. */
  readonly beginCycle: number;
  readonly endCycle: number;
  readonly latencies: LatencySummary;
  /** Payload received and sent between the marks. */
  readonly bytesIn: number;
  readonly bytesOut: number;
}
