/** Ended campaigns are told to Grafana: a real controller, PostgreSQL and HTTP server. */
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CampaignView } from '#libs/contracts';
import { startTestPostgres, type TestPostgres } from '../../libs/platform/src/testkit/servers.testkit.js';
import { GrafanaClient } from '../../apps/controller/src/grafana/grafana-client.js';
import { eventually } from '../../libs/platform/src/testkit/servers.testkit.js';
import {
  jobOf,
  query,
  resultOf,
  runsOf,
  startTestController,
  submit,
  type TestController,
} from './controller.testkit.js';

interface Received {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: unknown;
}

/** Answers annotation requests as Grafana's API documents them; `mood` is how it fails. */
class LocalGrafana {
  readonly received: Received[] = [];
  private readonly stored: { id: number; tags: string[] }[] = [];
  private server: Server | undefined;
  mood: 'well' | 'refuses' | 'loses the answer' | 'is another program' = 'well';

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      request.on('end', () => {
        const url = new URL(request.url ?? '', 'http://grafana');
        const body = text === '' ? undefined : (JSON.parse(text) as { tags: string[] });
        this.received.push({ method: request.method ?? '', path: url.pathname, headers: request.headers, body });
        if (this.mood === 'refuses') return void response.writeHead(500).end('{"message":"no"}');
        if (this.mood === 'is another program') return void response.end('<html>');
        response.setHeader('content-type', 'application/json');
        if (request.method === 'GET') {
          const wanted = url.searchParams.getAll('tags');
          const found = this.stored.filter(({ tags }) => wanted.every((tag) => tags.includes(tag)));
          return void response.end(JSON.stringify(found.slice(0, Number(url.searchParams.get('limit')))));
        }
        const id = this.stored.length + 1;
        this.stored.push({ id, tags: body?.tags ?? [] });
        if (this.mood === 'loses the answer') return void request.socket.destroy();
        response.end(JSON.stringify({ message: 'Annotation added', id }));
      });
    });
    await new Promise<void>((resolve) => this.server?.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  posts(): Received[] {
    return this.received.filter(({ method }) => method === 'POST');
  }

  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }
}

let postgres: TestPostgres;
let grafana: LocalGrafana;
let test: TestController | undefined;

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());
afterEach(async () => {
  await test?.stop();
  test = undefined;
  grafana.stop();
});

async function start(path = '', token: string | null = 'glsa_secret'): Promise<TestController> {
  grafana = new LocalGrafana();
  const url = (await grafana.start()).replace('http://', `http://${path}`);
  test = await startTestController({ postgres, grafana: { url, token: token ?? undefined } });
  return test;
}

/** Submits, runs and ends a campaign of two runs. */
async function ended(farm: TestController): Promise<CampaignView> {
  const campaign = await submit(farm);
  const worker = await farm.worker('one');
  for (const run of await runsOf(farm, campaign)) {
    const lease = await worker.lease(await jobOf(farm, run.id));
    await worker.handIn(lease, resultOf(lease, farm.catalogue.simulatorDigest));
  }
  return campaign;
}

const rows = (farm: TestController) =>
  query<{ tries: number; posted: boolean; last_error: string | null }>(
    farm.databaseUrl,
    'select tries, posted_at is not null as posted, last_error from grafana_annotations',
  );
const posted = (farm: TestController, what = true) =>
  eventually(`the annotation is ${what ? 'posted' : 'tried in vain'}`, async () => {
    const [row] = await rows(farm);
    return row !== undefined && (what ? row.posted : row.last_error !== null);
  });

describe('an ended campaign', () => {
  it('is annotated once, with its span, tags and words, by the token', async () => {
    const farm = await start();
    const campaign = await ended(farm);
    await posted(farm);
    const [request] = grafana.posts();
    expect(request).toMatchObject({
      path: '/api/annotations',
      headers: { authorization: 'Bearer glsa_secret', 'content-type': 'application/json' },
    });
    const time = Date.parse(campaign.createdAt);
    expect(request?.body).toEqual({
      time,
      timeEnd: time,
      tags: ['dvfarm', 'small', 'passed', `campaign:${campaign.id}`],
      text: `Campaign ${String(campaign.number)} "small" passed: 2 runs (2 passed)`,
    });
    await farm.restart();
    // Answered from the cache, so it has ended at once.
    await submit(farm);
    await eventually('the second campaign is posted', async () => {
      const told = await rows(farm);
      return told.length === 2 && told.every((row) => row.posted);
    });
    expect(grafana.posts()).toHaveLength(2);
    expect(grafana.posts()[1]?.body).toMatchObject({ text: expect.stringContaining('2 from cache') as string });
  });

  it('loses nothing when Grafana refuses, and is told again later, not sooner', async () => {
    const farm = await start();
    grafana.mood = 'refuses';
    const campaign = await ended(farm);
    await posted(farm, false);
    expect(await farm.user.get(`/campaigns/${campaign.id}`)).toMatchObject({ status: 'passed' });
    expect((await rows(farm))[0]?.last_error).toBe('POST /api/annotations: found status 500, expected success');
    grafana.mood = 'well';
    farm.clock.advance(4_999);
    // A campaign that ends now is told at once; the other one's time has not come.
    await submit(farm);
    await eventually('the second is posted', async () => (await rows(farm)).some((row) => row.posted));
    expect((await rows(farm)).filter((row) => row.posted)).toHaveLength(1);
    farm.clock.advance(1);
    await eventually('both are posted', async () => (await rows(farm)).every((row) => row.posted));
    expect((await rows(farm)).map(({ tries }) => tries).sort()).toEqual([1, 2]);
  });

  it('is not told twice when only the answer was lost', async () => {
    const farm = await start();
    grafana.mood = 'loses the answer';
    await ended(farm);
    await posted(farm, false);
    grafana.mood = 'well';
    farm.clock.advance(5_000);
    await posted(farm);
    expect(grafana.received.map(({ method }) => method)).toEqual(['POST', 'GET']);
    expect(await rows(farm)).toEqual([{ tries: 2, posted: true, last_error: null }]);
  });

  it('is told with user and password of the address where there is no token', async () => {
    const farm = await start('admin:p%40ss@', null);
    await ended(farm);
    await posted(farm);
    expect(grafana.posts()[0]?.headers.authorization).toBe(`Basic ${Buffer.from('admin:p@ss').toString('base64')}`);
  });
});

describe('the client', () => {
  it('names what failed and never its secrets', async () => {
    grafana = new LocalGrafana();
    const url = await grafana.start();
    const client = new GrafanaClient(url.replace('//', '//admin:hunter2@'), 'glsa_secret');
    grafana.mood = 'is another program';
    await expect(client.find('x')).rejects.toThrow('GET /api/annotations: found an answer of another shape');
    grafana.stop();
    const failure = await client.create({ time: 0, timeEnd: 0, tags: [], text: '' }).catch((error: unknown) => error);
    expect(String(failure)).toMatch(/^GrafanaError: POST \/api\/annotations: .*ECONNREFUSED/);
    expect(String(failure)).not.toMatch(/hunter2|glsa_secret/);
  });
});
