import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  campaignPageSchema,
  campaignViewSchema,
  resultViewSchema,
  runPageSchema,
  workerViewSchema,
  type CampaignPage,
  type CampaignView,
  type Plan,
  type Problem,
  type RunPage,
} from '#libs/contracts';
import { startTestPostgres, type TestPostgres } from '../../libs/platform/src/testkit/servers.testkit.js';
import { routes } from '../../apps/controller/src/http/openapi.js';
import {
  HttpClient,
  jobOf,
  query,
  resultOf,
  runsOf,
  smallCampaign,
  startTestController,
  submit,
  type TestController,
} from './controller.testkit.js';

let postgres: TestPostgres;
let test: TestController;

beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(() => postgres.stop());
beforeEach(async () => {
  test = await startTestController({ postgres });
});
afterEach(() => test.stop());

const problemOf = async (response: Response): Promise<Problem> => {
  expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = (await response.json()) as Problem;
  expect(problem.status).toBe(response.status);
  return problem;
};
const post = (path: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  test.user.raw('POST', path, body, { 'content-type': 'application/json', ...headers });

async function finish(campaign: CampaignView): Promise<void> {
  const worker = await test.worker('one');
  for (const run of await runsOf(test, campaign)) {
    const lease = await worker.lease(await jobOf(test, run.id));
    await worker.handIn(lease, resultOf(lease, test.catalogue.simulatorDigest));
  }
}

describe('bad input', () => {
  const nothingStored = async (): Promise<void> => {
    for (const table of ['campaigns', 'points', 'runs', 'outbox', 'events'])
      expect(await query(test.databaseUrl, `select 1 from ${table}`), table).toHaveLength(0);
  };

  it('in a campaign is answered with its place, and nothing is stored', async () => {
    const cases: [what: string, file: unknown, path: string, detail: RegExp][] = [
      ['an unknown key', { ...smallCampaign, hypervisr: 'kvm' }, 'hypervisr', /unknown key "hypervisr"/],
      ['a wrong type', { ...smallCampaign, seeds: 'five' }, 'seeds', /found "five", expected a number or a list/],
      [
        'a value out of bounds',
        { ...smallCampaign, machine: { preset: 'firesim', memoryMiB: 1 } },
        'machine.memoryMiB',
        /found 1, expected a value >= 128/,
      ],
      [
        'an impossible combination',
        { ...smallCampaign, machine: { preset: 'virt' } },
        'machine.dvext',
        /"none" with hypervisor "duvisor"/,
      ],
      ['something that is no campaign', [1, 2], '', /found a list of 2, expected an object/],
    ];
    for (const [what, file, path, detail] of cases) {
      const problem = await problemOf(await post('/campaigns', JSON.stringify({ file })));
      expect(problem, what).toMatchObject({ status: 400, code: 'BAD_INPUT', instance: '/api/v1/campaigns' });
      expect(problem.issues?.[0]?.path, what).toBe(path);
      expect(problem.detail, what).toMatch(detail);
    }
    await nothingStored();
  });

  it('that is not JSON, or too large, is a problem document too', async () => {
    expect(await problemOf(await post('/campaigns', '{"file":'))).toMatchObject({ status: 400 });
    expect(
      await problemOf(await post('/campaigns', JSON.stringify({ file: 'x'.repeat(17 * 1024 * 1024) }))),
    ).toMatchObject({ status: 413, code: 'TOO_LARGE' });
    await nothingStored();
  });

  it('in an address is answered with a problem document', async () => {
    const cases: [path: string, status: number][] = [
      ['/campaigns/0', 404],
      ['/campaigns/99', 404],
      ['/campaigns/nonsense', 404],
      ['/campaigns/999999999999', 404],
      ['/runs/nonsense', 404],
      ['/runs/00000000-0000-4000-8000-000000000000', 404],
      ['/runs/00000000-0000-4000-8000-000000000000/result', 404],
      ['/nowhere', 404],
      ['/campaigns?limit=0', 400],
      ['/campaigns?cursor=x', 400],
      ['/campaigns?colour=red', 400],
      ['/campaigns/1/events', 404],
    ];
    for (const [path, status] of cases)
      expect((await problemOf(await test.user.raw('GET', path))).status, path).toBe(status);
  });
});

describe('keys', () => {
  it('open what their scope says, and nothing else', async () => {
    const url = (): string => test.controller.url;
    const worker = await test.worker('one');
    const cases: [HttpClient, string, string, number][] = [
      [new HttpClient(url, ''), 'GET', '/campaigns', 401],
      [new HttpClient(url, 'guess'), 'GET', '/campaigns', 401],
      [new HttpClient(url, test.joinToken), 'GET', '/campaigns', 403],
      [new HttpClient(url, test.joinToken), 'POST', '/campaigns', 403],
      [new HttpClient(url, test.joinToken), 'POST', '/workers/lease', 401],
      [test.user, 'POST', '/workers/register', 403],
      [test.user, 'POST', '/workers/lease', 401],
      [worker.http, 'GET', '/campaigns', 401],
      [worker.http, 'POST', '/workers/register', 401],
    ];
    for (const [client, method, path, status] of cases)
      expect((await problemOf(await client.raw(method, path))).status, `${method} ${path}`).toBe(status);
  });

  it('are kept as hashes only, and made once', async () => {
    const rows = await query<{ row: string }>(test.databaseUrl, 'select k::text as row from api_keys k');
    expect(rows).toHaveLength(2);
    expect(test.controller.newApiKey).toBe(test.apiKey);
    for (const { row } of rows) for (const key of [test.apiKey, test.joinToken]) expect(row).not.toContain(key);
    await test.restart();
    expect(test.controller.newApiKey).toBeNull();
    expect(await query(test.databaseUrl, 'select 1 from api_keys')).toHaveLength(2);
  });

  it('of a worker with another simulator are not given', async () => {
    const registration = {
      name: 'old',
      slots: 1,
      simulator: 'f'.repeat(64),
      host: { cpu: 'x', cores: 1, memoryMiB: 1, node: 'v20' },
    };
    const response = await new HttpClient(() => test.controller.url, test.joinToken).raw(
      'POST',
      '/workers/register',
      JSON.stringify(registration),
      { 'content-type': 'application/json' },
    );
    expect(await problemOf(response)).toMatchObject({
      status: 409,
      code: 'SIMULATOR_DIFFERS',
      detail: expect.stringMatching(/found simulator f+, expected a+/) as string,
    });
  });
});

describe('submission', () => {
  it('with the same idempotency key is one campaign, also when sent at the same moment; with another request it is refused', async () => {
    const headers = { 'idempotency-key': 'once' };
    const send = (): Promise<CampaignView> =>
      test.user.post<CampaignView>('/campaigns', { file: smallCampaign }, headers);
    const views = await Promise.all([send(), send(), send(), send()]);
    expect(new Set(views.map((view) => view.id)).size).toBe(1);
    expect(await query(test.databaseUrl, 'select 1 from campaigns')).toHaveLength(1);
    const other = await post('/campaigns', JSON.stringify({ file: { ...smallCampaign, name: 'other' } }), headers);
    expect(await problemOf(other)).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it('is listed newest first in pages that neither skip nor repeat, and found by number', async () => {
    const numbers: number[] = [];
    for (let index = 0; index < 5; index++) numbers.push((await submit(test)).number);
    const listed: number[] = [];
    let cursor: string | null = null;
    do {
      const page: CampaignPage = campaignPageSchema.parse(
        await test.user.get(`/campaigns?limit=2${cursor === null ? '' : `&cursor=${cursor}`}`),
      );
      listed.push(...page.items.map((item) => item.number));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(listed).toEqual(numbers.reverse());
    expect(campaignViewSchema.parse(await test.user.get(`/campaigns/${numbers[0]}`)).number).toBe(numbers[0]);
  });

  it('keeps the order of the file in its runs, page by page and by status', async () => {
    const campaign = await submit(test, { ...smallCampaign, seeds: 3 });
    const first = runPageSchema.parse(await test.user.get(`/campaigns/${campaign.id}/runs?limit=4`));
    const rest = runPageSchema.parse(
      await test.user.get(`/campaigns/${campaign.id}/runs?limit=4&cursor=${first.nextCursor}`),
    );
    const labels = [...first.items, ...rest.items].map((run) => `${run.spec.hypervisor} ${run.spec.seed}`);
    expect(labels).toEqual(['kvm 1', 'kvm 2', 'kvm 3', 'duvisor 1', 'duvisor 2', 'duvisor 3']);
    expect(rest.nextCursor).toBeNull();
    expect((await test.user.get<RunPage>(`/campaigns/${campaign.id}/runs?status=passed`)).items).toEqual([]);
  });

  it('planned twice gives the same keys, and the run stored has the key that was planned', async () => {
    const plan = await test.user.post<Plan>('/campaigns/plan', { file: smallCampaign });
    const campaign = await submit(test);
    expect((await runsOf(test, campaign)).map((run) => run.key)).toEqual(plan.runs.map((run) => run.key));
    expect(plan.expectedSeconds).toBeNull();
  });
});

describe('an ended campaign', () => {
  let campaign: CampaignView;

  beforeEach(async () => {
    campaign = await submit(test);
    await finish(campaign);
  });

  it('streams its log in order, ends the stream, and resumes after a given event', async () => {
    const read = async (
      headers: Record<string, string> = {},
    ): Promise<{ id: number; kind: string; data: Record<string, unknown> }[]> => {
      const response = await test.user.raw('GET', `/campaigns/${campaign.number}/events`, undefined, headers);
      expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
      return (await response.text())
        .trim()
        .split('\n\n')
        .map((block) => {
          const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]));
          return {
            id: Number(fields['id']),
            kind: fields['event']!,
            data: JSON.parse(fields['data']!) as Record<string, unknown>,
          };
        });
    };
    const all = await read();
    expect(all.map((event) => event.kind)).toEqual([
      ...Array.from({ length: 8 }, () => 'transition'),
      'progress',
      'end',
    ]);
    expect(all.at(-1)?.data).toEqual({ kind: 'end', campaignId: campaign.id, status: 'passed' });
    const ids = all.slice(0, 8).map((event) => event.id);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    const rest = await read({ 'last-event-id': String(ids[5]) });
    expect(rest.slice(0, 2).map((event) => event.id)).toEqual(ids.slice(6));
    expect(
      await problemOf(
        await test.user.raw('GET', `/campaigns/${campaign.id}/events`, undefined, { 'last-event-id': 'x' }),
      ),
    ).toMatchObject({ status: 400 });
  });

  it('has a report in every face, from the stored rows', async () => {
    const faces = {
      json: /"notice"/,
      md: /cycle model, not RTL/,
      html: /<html/i,
      txt: /cycle model, not RTL/,
      csv: /,/,
      summary: /\S/,
    };
    for (const [format, pattern] of Object.entries(faces)) {
      const response = await test.user.raw('GET', `/campaigns/${campaign.id}/report?format=${format}`);
      expect(response.status, format).toBe(200);
      expect(await response.text(), format).toMatch(pattern);
    }
    expect(await problemOf(await test.user.raw('GET', `/campaigns/${campaign.id}/report?format=pdf`))).toMatchObject({
      status: 400,
    });
  });

  it('shows results and the console as text', async () => {
    const [run] = await runsOf(test, campaign);
    const view = resultViewSchema.parse(await test.user.get(`/runs/${run!.id}/result`));
    expect(view).toMatchObject({ runId: run!.id, originalRunId: run!.id, key: run!.key });
    const response = await test.user.raw('GET', `/runs/${run!.id}/console`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await response.text()).toBe('ready\nA\u2400B');
  });
});

describe('artefacts', () => {
  it('are kept by content while the lease holds, and read back byte for byte', async () => {
    const worker = await test.worker('one');
    const [run] = await runsOf(test, await submit(test));
    const lease = await worker.lease(await jobOf(test, run!.id));
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => index & 0xff);
    const put = (name: string, token: string): Promise<Response> =>
      worker.http.raw('PUT', `/workers/runs/${run!.id}/artefacts/${name}`, bytes, {
        'content-type': 'application/octet-stream',
        'x-lease-token': token,
      });
    const stored = await put('trace.bin', lease.leaseToken);
    expect(await stored.json()).toMatchObject({
      name: 'trace.bin',
      bytes: 100_000,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    const read = await test.user.raw('GET', `/runs/${run!.id}/artefacts/trace.bin`);
    expect(new Uint8Array(await read.arrayBuffer())).toEqual(bytes);
    expect(await problemOf(await put('trace.bin', 'forged'))).toMatchObject({ status: 403 });
    expect(await problemOf(await put('..%2Fpasswd', lease.leaseToken))).toMatchObject({ status: 400 });
    expect((await test.user.raw('GET', `/runs/${run!.id}/artefacts/absent`)).status).toBe(404);
    await worker.giveUp(lease, 'released');
    expect(await problemOf(await put('late.bin', lease.leaseToken))).toMatchObject({ status: 409, code: 'LEASE_LOST' });
  });
});

describe('faces for machines', () => {
  it('tell that the controller lives and is ready, without a key', async () => {
    const anonymous = new HttpClient(() => test.controller.url, '');
    expect(await anonymous.get('/health/live')).toEqual({ status: 'ok', checks: {} });
    expect(await anonymous.get('/health/ready')).toEqual({ status: 'ok', checks: { database: 'ok', queue: 'ok' } });
  });

  it('document every route that exists and none that does not', async () => {
    const document = (await (await test.user.raw('GET', '/docs-json')).json()) as {
      openapi: string;
      paths: Record<string, object>;
    };
    expect(document.openapi).toBe('3.1.0');
    expect(Object.keys(document.paths).sort()).toEqual([...new Set(routes.map((route) => route.path))].sort());
    expect((await test.user.raw('GET', '/docs')).status).toBe(200);
    for (const route of routes) {
      const path = route.path.replace(/\{\w+\}/g, 'absent');
      // 404 with our own words: the route exists. Express would answer "Cannot GET ...".
      const response = await fetch(test.controller.url + path, { method: route.method.toUpperCase() });
      expect(await response.text(), `${route.method} ${path}`).not.toMatch(/Cannot (GET|POST|PUT)/);
    }
  });

  it('publish the schema of campaign files', async () => {
    const schema = (await (await test.user.raw('GET', '/schemas/campaign')).json()) as {
      properties: object;
      required: string[];
    };
    expect(Object.keys(schema.properties)).toEqual(
      expect.arrayContaining(['name', 'machine', 'hypervisor', 'workload', 'seeds']),
    );
    expect(schema.required).toEqual(['name', 'machine', 'hypervisor', 'workload']);
  });

  it('list workers with what they hold', async () => {
    const worker = await test.worker('one');
    const [run] = await runsOf(test, await submit(test));
    await worker.lease(await jobOf(test, run!.id));
    expect(workerViewSchema.array().parse(await test.user.get('/workers'))).toMatchObject([
      { name: 'one', alive: true, slots: 1, held: 1 },
    ]);
    test.clock.advance(60_000);
    expect(await test.user.get('/workers')).toMatchObject([{ name: 'one', alive: false }]);
  });
});
