import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { RunQueue } from '#libs/platform';
import type { ControllerConfig } from '../config/config.js';
import { Clock, CONFIG } from '../config/parts.js';
import { PrismaClient } from '../db/generated/client.js';
import { isDatabaseAway } from '../db/prisma.js';
import { dispatchOutbox } from './dispatcher.js';
import { DispatchSignal } from './dispatch-signal.js';
import { LifecycleService } from './lifecycle.service.js';
import { Reconciler } from './reconciler.js';
import { repeat, type Repeated } from './repeat.js';

export const RUN_QUEUE = Symbol('RunQueue');

/** The controller's three clocks: hand out what may run, take back what was lost, notice what the queue forgot. */
@Injectable()
export class SchedulerService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('scheduler');
  private readonly repeated: Repeated[] = [];

  constructor(
    private readonly prisma: PrismaClient,
    private readonly lifecycle: LifecycleService,
    private readonly signal: DispatchSignal,
    private readonly clock: Clock,
    @Inject(RUN_QUEUE) private readonly queue: RunQueue,
    @Inject(CONFIG) private readonly config: ControllerConfig,
  ) {}

  onApplicationBootstrap(): void {
    const { dispatchSweepMs, expirySweepMs, reconcileMs, takenWithoutLeaseMs } = this.config.timing;
    const now = (): Date => this.clock.now();
    const reportExpiry = this.report('lease expiry');
    const reconciler = new Reconciler(this.prisma, this.queue, takenWithoutLeaseMs, now);

    const dispatcher = repeat(
      dispatchSweepMs,
      async () => void (await dispatchOutbox(this.prisma, this.queue, now)),
      this.report('dispatch'),
    );
    // True until the database has been seen: before that, nobody could renew a lease.
    let absent = true;
    const expiry = repeat(
      expirySweepMs,
      async () => {
        if (absent) await this.lifecycle.renewAfterAbsence();
        absent = false;
        const expired = await this.lifecycle.expireLeases();
        if (expired > 0) this.logger.warn(`${expired} leases expired`);
      },
      (error) => {
        absent ||= isDatabaseAway(error);
        reportExpiry(error);
      },
    );
    const reconciling = repeat(
      reconcileMs,
      async () => {
        const missing = await reconciler.turn();
        if (missing > 0) {
          this.logger.warn(`${missing} waiting runs had no job in the queue; they get new ones`);
          this.signal.now();
        }
      },
      this.report('reconciliation'),
    );
    this.signal.onWake(() => dispatcher.wake());
    this.repeated.push(dispatcher, expiry, reconciling);
    dispatcher.wake();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.signal.onWake(undefined);
    await Promise.all(this.repeated.splice(0).map((one) => one.stop()));
  }

  /** The same trouble is reported once, not at every turn. */
  private report(what: string): (error: unknown) => void {
    let last = '';
    return (error) => {
      // Prisma's messages begin with the call and end with the reason.
      const text = (error instanceof Error ? error.message : String(error)).trim().split('\n').at(-1) ?? '';
      if (text !== last) this.logger.error(`${what}: ${text}`);
      last = text;
    };
  }
}
