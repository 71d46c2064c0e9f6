/** What the controller does for the dashboard: its files, its read models, its stream. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Request, Response } from 'express';
import express from 'express';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  EventStreamReader,
  reportPageSchema,
  runHistorySchema,
  type CampaignView,
  type StreamEvent,
} from '#libs/contracts';
import { webApp } from '../../apps/controller/src/web/web-app.js';
import { startTestPostgres, type TestPostgres } from '../../libs/platform/src/testkit/servers.testkit.js';
import { jobOf, resultOf, runsOf, startTestController, submit, type TestController } from './controller.testkit.js';

describe('the files of the dashboard', () => {
  let directory: string;
  let server: Server;
  let url: string;

  const serve = async (): Promise<void> => {
    const app = express();
    app.use(webApp(directory));
    app.use((_: Request, response: Response) => void response.status(418).send('the API'));
    server = createServer(app);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  };
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'dvfarm web '));
    mkdirSync(join(directory, 'assets'));
    writeFileSync(join(directory, 'index.html'), '<!doctype html><p>the page');
    writeFileSync(join(directory, 'assets', 'index-abc.js'), 'export {}'.repeat(100));
  });
  afterEach(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });

  it('are the page at every path that is nobody else’s, under a strict policy', async () => {
    await serve();
    for (const path of ['/', '/campaigns/7', '/runs/x/y?z=1', '/apixyz']) {
      const answer = await fetch(url + path);
      expect(answer.status, path).toBe(200);
      expect(await answer.text()).toContain('the page');
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/default-src 'none'; script-src 'self'; style-src 'self'/);
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(answer.headers.get('cache-control')).toBe('no-cache');
    }
    for (const path of ['/api/v1/campaigns', '/docs', '/health/live', '/metrics'])
      expect((await fetch(url + path)).status, path).toBe(418);
    expect((await fetch(`${url}/campaigns`, { method: 'POST' })).status).toBe(418);
  });

  it('are kept by browsers while their names hold a hash, zipped, and asked for again otherwise', async () => {
    await serve();
    const asset = await fetch(`${url}/assets/index-abc.js`);
    expect(asset.headers.get('content-type')).toMatch(/^text\/javascript/);
    expect(asset.headers.get('content-encoding')).toBe('gzip');
    expect(await asset.text()).toBe('export {}'.repeat(100));
    expect(asset.headers.get('cache-control')).toContain('immutable');
    const page = await fetch(url);
    // As a browser does: undici would add "no-cache" by itself.
    const headers = { 'if-none-match': page.headers.get('etag') ?? '', 'cache-control': 'max-age=0' };
    const again = await fetch(url, { headers });
    expect(again.status).toBe(304);
  });

  it('hold nothing from outside their directory', async () => {
    writeFileSync(join(directory, '..', 'dvfarm-outside.txt'), 'secret');
    await serve();
    for (const path of [
      '/../dvfarm-outside.txt',
      '/%2e%2e/dvfarm-outside.txt',
      '/assets/..%2f..%2fdvfarm-outside.txt',
    ]) {
      const answer = await fetch(url + path);
      expect(answer.status).toBe(404);
      expect(await answer.text()).not.toContain('secret');
    }
    rmSync(join(directory, '..', 'dvfarm-outside.txt'));
  });

  it('say how they are made when they are missing', async () => {
    rmSync(directory, { recursive: true });
    await serve();
    const answer = await fetch(url);
    expect([answer.status, await answer.text()]).toEqual([503, 'The dashboard is not built: run "npm run build".\n']);
    mkdirSync(directory);
  });
});

describe('what pages read', () => {
  let postgres: TestPostgres;
  let test: TestController;
  let campaign: CampaignView;

  beforeAll(async () => {
    postgres = await startTestPostgres();
  });
  afterAll(() => postgres.stop());
  beforeEach(async () => {
    test = await startTestController({ postgres });
    campaign = await submit(test);
  });
  afterEach(() => test.stop());

  async function events(query: string, headers: Record<string, string> = {}): Promise<StreamEvent[]> {
    const answer = await test.user.raw('GET', `/campaigns/${campaign.id}/events${query}`, undefined, headers);
    expect(answer.status).toBe(200);
    return new EventStreamReader().push(await answer.text());
  }
  async function finish(): Promise<void> {
    const worker = await test.worker('one');
    for (const run of await runsOf(test, campaign)) {
      const lease = await worker.lease(await jobOf(test, run.id));
      await worker.heartbeat(lease);
      test.clock.advance(2_000);
      await worker.handIn(lease, resultOf(lease, test.catalogue.simulatorDigest));
    }
  }

  it('begins the stream with the newest events, unless a broken connection goes on', async () => {
    await finish();
    const all = (await events('')).filter((event) => 'id' in event);
    expect(all.length).toBeGreaterThan(4);
    expect((await events('?tail=2')).filter((event) => 'id' in event)).toEqual(all.slice(-2));
    expect((await events('?tail=0')).map(({ kind }) => kind)).toEqual(['progress', 'end']);
    const [first] = all;
    const rest = await events('?tail=1', { 'last-event-id': first?.kind === 'transition' ? first.id : '' });
    expect(rest.filter((event) => 'id' in event)).toEqual(all.slice(1));
    expect((await test.user.raw('GET', `/campaigns/${campaign.id}/events?tail=-1`)).status).toBe(400);
  });

  it('tells the time left once a run of the point has ended, here or in an earlier campaign', async () => {
    const left = async (): Promise<number | null> => {
      const answer = await fetch(`${test.controller.url}/api/v1/campaigns/${campaign.id}/events`, {
        headers: { authorization: `Bearer ${test.apiKey}` },
      });
      const reader = new EventStreamReader();
      const decoder = new TextDecoder();
      for await (const piece of answer.body as unknown as AsyncIterable<Uint8Array>)
        for (const event of reader.push(decoder.decode(piece)))
          // Leaving the loop closes the connection.
          if (event.kind === 'progress') return event.secondsLeft;
      throw new Error('no progress message');
    };
    expect(await left()).toBeNull();
    const worker = await test.worker('one');
    const [run] = await runsOf(test, campaign);
    const lease = await worker.lease(await jobOf(test, run?.id ?? ''));
    await worker.heartbeat(lease);
    test.clock.advance(7_000);
    await worker.handIn(lease, resultOf(lease, test.catalogue.simulatorDigest));
    // One run waits; its point was never run, so it counts as long as the other.
    expect(await left()).toBe(7);
    campaign = await submit(test, undefined, { noCache: true });
    // Two runs: 1.5 s by the stored result's host seconds, and the same for the point that has none.
    expect(await left()).toBe(3);
  });

  it('shows of a run what it was made from and every try', async () => {
    const [run] = await runsOf(test, campaign);
    const worker = await test.worker('one');
    const lost = await worker.lease(await jobOf(test, run?.id ?? ''));
    await worker.giveUp(lost, 'released', 'going home');
    await finish();
    const history = runHistorySchema.parse(await test.user.get(`/runs/${run?.id ?? ''}/history`));
    expect(history).toMatchObject({
      key: run?.key,
      seed: 1,
      campaign: { number: campaign.number },
      original: null,
      images: { 'firmware.elf': 'b'.repeat(64) },
      simulator: 'a'.repeat(64),
      attempts: [
        { number: 1, worker: 'one', end: 'released', detail: 'going home' },
        { number: 2, worker: 'one', end: 'result' },
      ],
    });
    expect(history.events.map((event) => event.kind === 'transition' && event.to)).toContain('SUCCEEDED');
    const [copy] = await runsOf(test, await submit(test));
    expect(runHistorySchema.parse(await test.user.get(`/runs/${copy?.id ?? ''}/history`))).toMatchObject({
      original: { id: run?.id, campaignNumber: campaign.number },
      attempts: [],
    });
    expect((await test.user.raw('GET', '/runs/nonsense/history')).status).toBe(404);
  });

  it('shows the report with its figures drawn, text in them escaped', async () => {
    await finish();
    const page = reportPageSchema.parse(await test.user.get(`/campaigns/${campaign.id}/report/page`));
    expect(page).toMatchObject({ campaign: { number: campaign.number, name: 'small' } });
    const figures = page.blocks.filter((block) => block.kind === 'figure');
    expect(figures.map(({ figure }) => figure.id)).toEqual(['totals', 'ratio', 'breakdown-hypercall']);
    for (const { drawing } of figures)
      for (const svg of [drawing.wide, drawing.narrow]) {
        expect(svg).toMatch(/^<svg [^]*<\/svg>$/);
        expect(svg).not.toMatch(/<script|style=|on\w+=|href/);
      }
  });
});
