import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { ControllerConfig } from '../config/config.js';
import { Clock, CONFIG } from '../config/parts.js';
import { PrismaClient } from '../db/generated/client.js';
import { repeat, type Repeated } from '../scheduler/repeat.js';
import { Announcer } from './announcer.js';
import { GrafanaClient } from './grafana-client.js';

/** Announces ended campaigns while GRAFANA_URL is set; does nothing otherwise. */
@Injectable()
export class GrafanaService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('grafana');
  private repeated: Repeated | undefined;

  constructor(
    private readonly prisma: PrismaClient,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: ControllerConfig,
  ) {}

  onApplicationBootstrap(): void {
    const { grafana, timing } = this.config;
    if (grafana === undefined) return;
    const warn = (message: string): void => this.logger.warn(message);
    const client = new GrafanaClient(grafana.url, grafana.token);
    const announcer = new Announcer(this.prisma, client, () => this.clock.now(), warn);
    this.repeated = repeat(
      timing.announceMs,
      async () => void (await announcer.turn()),
      (error) => warn(error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? '') : String(error)),
    );
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.repeated?.stop();
  }
}
