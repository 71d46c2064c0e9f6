import { join } from 'node:path';
import { parseInput } from '#libs/contracts';
import { z } from 'zod';

const environmentSchema = z.object({
  /** State directory; one controller per directory. */
  DVFARM_HOME: z.string().min(1).default(join(process.cwd(), '.dvfarm')),
  /** Loopback unless somebody decides otherwise. */
  DVFARM_HOST: z.string().min(1).default('127.0.0.1'),
  /** 0: any free port; the one taken is written to controller.json. */
  DVFARM_PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  /** Absent: the embedded PostgreSQL of the state directory. */
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'a URL such as postgresql://user:password@host:5432/database' })
    .optional(),
  /** Absent: the queue is in the same PostgreSQL. */
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'a URL such as redis://host:6379' }).optional(),
  /** Where the token lies that lets workers join; absent: in the state directory. Containers share it through a volume of its own. */
  DVFARM_WORKER_TOKEN_FILE: z.string().min(1).optional(),
  DVFARM_LOG_FORMAT: z.enum(['text', 'json']).default('text'),
  /** Absent: Grafana is told nothing. A user and password in it are used when there is no token. */
  GRAFANA_URL: z.url({ protocol: /^https?$/, error: 'a URL such as http://host:3000' }).optional(),
  /** Of a service account that may write annotations. */
  GRAFANA_TOKEN: z.string().min(1).optional(),
  /** Set: the role that Grafana reads the database with is made, with this password. */
  DVFARM_GRAFANA_DB_PASSWORD: z.string().min(1).optional(),
});

export interface ControllerConfig {
  readonly home: string;
  readonly host: string;
  readonly port: number;
  readonly workerTokenFile?: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly redisUrl: string | undefined;
  readonly logFormat: 'text' | 'json';
  readonly timing: ControllerTiming;
  /** Where campaigns are announced. */
  readonly grafana?: { readonly url: string; readonly token: string | undefined } | undefined;
  /** Of the role Grafana reads with; absent: there is none. */
  readonly grafanaDatabasePassword?: string | undefined;
}

/** Milliseconds of the simulation host. */
export interface ControllerTiming {
  /** A lease that was not renewed for so long is lost. */
  readonly leaseTtlMs: number;
  /** How often a worker renews; three may get lost. */
  readonly heartbeatMs: number;
  /** How often expired leases are looked for: with the TTL, a dead worker's run waits again within 11 s. */
  readonly expirySweepMs: number;
  /** How often the outbox is looked at when nobody said there is something in it. */
  readonly dispatchSweepMs: number;
  /** How often waiting runs are compared with the queue's jobs. */
  readonly reconcileMs: number;
  /** A job taken from the queue whose run was not leased for so long: its worker died in between. */
  readonly takenWithoutLeaseMs: number;
  /** How often streams and long polls look for news. */
  readonly pollMs: number;
  /** A long poll without news ends after so long: an idle worker is heard at least as often. */
  readonly longPollMs: number;
  /** How often ended campaigns are looked for that Grafana has not heard of. */
  readonly announceMs: number;
}

export const defaultTiming: ControllerTiming = Object.freeze({
  leaseTtlMs: 10_000,
  heartbeatMs: 3_000,
  expirySweepMs: 1_000,
  dispatchSweepMs: 500,
  reconcileMs: 2_000,
  takenWithoutLeaseMs: 10_000,
  pollMs: 400,
  longPollMs: 5_000,
  announceMs: 5_000,
});

/** Reads the environment once. Throws InputError naming every wrong variable. */
export function readConfig(environment: NodeJS.ProcessEnv): ControllerConfig {
  const read = parseInput(environmentSchema, withoutEmpty(environment), 'environment');
  return Object.freeze({
    home: read.DVFARM_HOME,
    host: read.DVFARM_HOST,
    port: read.DVFARM_PORT,
    workerTokenFile: read.DVFARM_WORKER_TOKEN_FILE,
    databaseUrl: read.DATABASE_URL,
    redisUrl: read.REDIS_URL,
    logFormat: read.DVFARM_LOG_FORMAT,
    timing: defaultTiming,
    grafana: read.GRAFANA_URL === undefined ? undefined : { url: read.GRAFANA_URL, token: read.GRAFANA_TOKEN },
    grafanaDatabasePassword: read.DVFARM_GRAFANA_DB_PASSWORD,
  });
}

/** `DATABASE_URL=` in a compose file means: not set. */
function withoutEmpty(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
}
