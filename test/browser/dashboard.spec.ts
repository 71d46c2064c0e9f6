/** The dashboard in a real browser, on a real controller and worker. */
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { homeFiles } from '#libs/platform';
import { Farm } from '../e2e/farm.testkit.js';
import { browserAvailable, isTooWide, startBrowser, type TestBrowser } from './browser.testkit.js';

const campaign = `name: seen-in-a-browser
description: Submitted by the test of the dashboard
machine: { preset: firesim }
hypervisor: [native, kvm, duvisor]
workload:
  - { name: [hypercall, mmio], iterations: 2000, warmup: 50 }
  - { name: memcached-like, requests: 40, warmup: 10, keys: 16, valueBytes: { min: 64, max: 128 } }
exclude: [{ hypervisor: native, workload: { name: [hypercall, mmio] } }]
seeds: 2
limits: { perRun: 5m }
`;
/** Two micro-benchmarks under two hypervisors and one service under three, with two seeds each. */
const runs = 14;
/** For what a busy machine may take its time for. */
const patience = 120_000;

describe.skipIf(!browserAvailable())('the dashboard', { timeout: 2 * patience }, () => {
  let farm: Farm;
  let browser: TestBrowser;
  let page: Page;
  let key: string;

  beforeAll(async () => {
    farm = new Farm();
    await farm.controller();
    farm.worker('sim-host-1');
    key = readFileSync(homeFiles(farm.home).apiKey, 'utf8').trim();
    browser = await startBrowser();
    page = await browser.page();
    page.setDefaultTimeout(patience);
  });
  afterAll(async () => {
    await browser.close();
    await farm.close();
  });

  const open = (path: string): Promise<unknown> => page.goto(farm.controllerUrl() + path);
  const editor = () => page.getByLabel('Campaign file');
  const heading = (name: string | RegExp) => page.getByRole('heading', { name });

  it('asks for the key, and takes it from the address without leaving it there', async () => {
    await open('/');
    await heading('Sign in').waitFor();
    await browser.picture(page, 'sign-in');
    // Another page, not a jump inside this one: a fragment alone would not load it again.
    await page.goto('about:blank');
    await open(`/#key=${key}`);
    await page.getByText('No campaign yet').waitFor();
    expect(page.url()).toBe(`${farm.controllerUrl()}/`);
    expect(await page.evaluate(() => history.length)).toBeGreaterThan(0);
    expect(await page.content()).not.toContain(key);
  });

  it('shows every mistake at its line, and submits nothing with one', async () => {
    await page.getByRole('link', { name: 'New campaign' }).first().click();
    await editor().fill(campaign.replace('kvm, duvisor]', 'kvm, xen]').replace('seeds: 2', 'seeds: none'));
    await heading('2 mistakes').waitFor();
    const words = await page.locator('#issues').innerText();
    expect(words).toMatch(/Line 4\s*hypervisor\[2\]/);
    expect(words).toMatch(/Line 9\s*seeds/);
    expect(await page.getByRole('button', { name: 'Submit' }).isDisabled()).toBe(true);
    // Only the simulator knows the names of its parameters: found by the controller, shown the same way.
    await editor().fill(campaign.replace('preset: firesim', 'preset: firesim, set: { l2.nonsense: 1 }'));
    await heading('1 mistake').waitFor();
    expect(await page.locator('#issues').innerText()).toMatch(/Line 3\s*machine\.set/);
    await browser.picture(page, 'new-campaign-mistakes');
  });

  it('plans and submits a campaign, and shows its end without a reload', async () => {
    await editor().fill(campaign);
    await heading('Plan').waitFor();
    expect(await page.getByText('to be run').count()).toBe(runs);
    await browser.picture(page, 'new-campaign-plan');
    await page.getByRole('button', { name: 'Submit' }).click();
    await page.waitForURL('**/campaigns/1');
    await page.locator('h1 .badge', { hasText: 'passed' }).waitFor();
    await page
      .locator('tbody .badge', { hasText: 'passed' })
      .nth(runs - 1)
      .waitFor();
    expect(await page.getByText('sim-host-1').count()).toBeGreaterThan(0);
    await browser.picture(page, 'campaign-ended');
  });

  it('goes on behind the last event when the connection breaks', async () => {
    const { id, runId } = await page.evaluate(async (secret) => {
      const ask = async (path: string): Promise<unknown> =>
        (await fetch(`/api/v1${path}`, { headers: { authorization: `Bearer ${secret}` } })).json();
      const { id } = (await ask('/campaigns/1')) as { id: string };
      const { items } = (await ask('/campaigns/1/runs')) as { items: { id: string }[] };
      return { id, runId: items[0]?.id ?? '' };
    }, key);
    const event = { id: '3', at: '2025-01-01T00:00:00.000Z', campaignId: id, runId, kind: 'transition' };
    const words = { event: 'lease', from: 'QUEUED', to: 'LEASED', attempt: 1, detail: 'before the break' };
    const body = `id: 3\nevent: transition\ndata: ${JSON.stringify({ ...event, ...words })}\n\n`;
    const asked: (string | undefined)[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/events')) asked.push(request.headers()['last-event-id']);
    });
    // The first connection ends after one event; the next ones reach the controller.
    await page.route('**/events*', (route) => route.fulfill({ contentType: 'text/event-stream', body }), { times: 1 });
    await page.reload();
    await page.getByText('Latest events').click();
    await page.getByText('before the break').waitFor();
    await page.getByText('COLLECTING → SUCCEEDED').first().waitFor();
    expect(asked).toEqual([undefined, '3']);
  });

  it('shows a run with its console, exits, metrics and provenance', async () => {
    await page
      .getByRole('link', { name: /kvm . mmio/ })
      .first()
      .click();
    await heading('Console').waitFor();
    const search = page.getByLabel('Search the console');
    await search.fill('e');
    await page.locator('mark').first().waitFor();
    expect(await page.getByText(/^1 of \d+ lines?$/).count()).toBe(1);
    await search.press('Enter');
    for (const words of ['exits', 'cycles.phase', 'run key', 'simulator', 'vmm.elf', 'seed', 'sim-host-1'])
      expect(await page.getByText(words).count(), words).toBeGreaterThan(0);
    await browser.picture(page, 'run', true);
  });

  it('opens the report with its figures, and gives it as HTML, CSV and JSON', async () => {
    await open('/campaigns/1/report');
    await heading('Cycles per operation').waitFor();
    const figures = page.locator('figure .figure-wide svg[role=img]');
    // The primitives' totals, ratio and two breakdowns; of the service its rate, latency and modes.
    expect(await figures.count()).toBe(7);
    await heading('Services: requests and latency').waitFor();
    for (const figure of await figures.all()) {
      expect(await figure.locator('title').first().textContent()).not.toBe('');
      expect(await figure.locator('desc').textContent()).toMatch(/DuVisor|×/);
      // Coloured by the page's style sheet, not black.
      expect(
        await figure
          .locator('rect')
          .first()
          .evaluate((bar) => getComputedStyle(bar).fill),
      ).not.toBe('rgb(0, 0, 0)');
    }
    await browser.picture(page, 'report');
    await browser.picture(page, 'report-whole', true);
    await browser.detail(page.locator('#figure-breakdown-mmio'), 'report-breakdown');
    await browser.detail(page.locator('#figure-service-rate'), 'report-service-rate');

    const texts: Record<string, string> = {};
    for (const format of ['html', 'csv', 'json']) {
      const coming = page.waitForEvent('download');
      await page.getByRole('button', { name: format.toUpperCase() }).click();
      const file = await coming;
      expect(file.suggestedFilename()).toBe(`campaign-1-seen-in-a-browser.${format}`);
      texts[format] = readFileSync(await file.path(), 'utf8');
    }
    expect(texts['html']).toMatch(/^<!doctype html>[\s\S]*<svg/);
    expect(texts['csv']).toMatch(/^\w+,[\s\S]*duvisor/i);
    expect(JSON.parse(texts['json'] ?? '')).toMatchObject({ campaign: { number: 1 }, ok: true });
  });

  it('lists workers, and answers the same campaign from the cache', async () => {
    await page.getByRole('link', { name: 'Workers' }).click();
    await page.getByRole('rowheader', { name: 'sim-host-1' }).waitFor();
    await browser.picture(page, 'workers');
    await open('/campaigns/new');
    await editor().fill(campaign);
    await page.getByRole('link', { name: 'cache hit' }).first().waitFor();
    expect(await page.getByRole('link', { name: 'cache hit' }).count()).toBe(runs);
    await browser.picture(page, 'new-campaign-cached');
  });

  it('shows a campaign live, and cancels it', async () => {
    // The known runs come from the cache; the others together take far longer than this test needs, on any machine.
    const long = '  - { name: mmio, iterations: [1000000, 999999, 999998, 999997] }';
    await editor().fill(campaign.replace('workload:', `workload:\n${long}`));
    await heading('Plan').waitFor();
    await page.getByRole('button', { name: 'Submit' }).click();
    await heading('In hand').waitFor();
    const tile = (name: string) => page.locator('.tile', { hasText: name });
    await tile('runs ended')
      .filter({ hasText: `${String(runs)} from cache` })
      .waitFor();
    await tile('time left').locator('.big').filter({ hasText: /\d/ }).waitFor();
    await tile('simulation rate').locator('.big').filter({ hasText: /[1-9]/ }).waitFor();
    await browser.picture(page, 'campaign-live');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Stop all runs' }).click();
    await page.locator('h1 .badge', { hasText: 'cancelled' }).waitFor();
    await open('/');
    await page.getByText('seen-in-a-browser').nth(1).waitFor();
    await browser.picture(page, 'campaigns');
  });

  it('fits a window 360 px wide and follows the dark scheme, on every page', async () => {
    const run = (await page.evaluate(
      async (secret) =>
        (await fetch('/api/v1/campaigns/1/runs', { headers: { authorization: `Bearer ${secret}` } })).json(),
      key,
    )) as { items: { id: string }[] };
    const pages: Record<string, string> = {
      campaigns: '/',
      'new-campaign': '/campaigns/new',
      campaign: '/campaigns/1',
      report: '/campaigns/1/report',
      run: `/runs/${run.items[0]?.id ?? ''}`,
      workers: '/workers',
    };
    const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    for (const [name, path] of Object.entries(pages)) {
      await page.emulateMedia({ colorScheme: 'light' });
      await page.setViewportSize({ width: 360, height: 740 });
      await open(path);
      await page.getByText('Loading').waitFor({ state: 'detached' });
      expect(await isTooWide(page), `${name} at 360 px`).toBe(false);
      expect(await page.getByText('[object').count(), name).toBe(0);
      await browser.picture(page, `${name}-360`, true);
      if (name === 'report') await browser.detail(page.locator('#figure-breakdown-mmio'), 'report-breakdown-360');
      await page.setViewportSize({ width: 1280, height: 860 });
      const light = await ground();
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await ground(), name).not.toBe(light);
      await browser.picture(page, `${name}-dark`);
    }
    // The reader's own choice goes before the system's, and stays.
    await page.getByRole('button', { name: /^Colours: system/ }).click();
    await page.reload();
    await page.getByRole('button', { name: /^Colours: light/ }).waitFor();
    expect(await ground()).toBe('rgb(245, 246, 248)');
  });

  it('can be used by keyboard alone', async () => {
    await open('/');
    await page.getByText('seen-in-a-browser').first().waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('To the content');
    const reached = new Set<string>();
    for (let press = 0; press < 30; press++) {
      await page.keyboard.press('Tab');
      reached.add(await page.evaluate(() => document.activeElement?.textContent?.trim() ?? ''));
    }
    for (const words of ['Workers', 'New campaign', 'Report', 'Sign out']) expect([...reached]).toContain(words);
    await page.getByRole('link', { name: 'Workers' }).focus();
    await page.keyboard.press('Enter');
    await heading('Workers').waitFor();
  });

  it('ends the session when asked, or when the key is not known', async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await heading('Sign in').waitFor();
    expect(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }))).not.toContain(key);
  });

  it('caused no complaint of the browser on the way', () => {
    // The browser notes every refused request; the one campaign with a mistake only the controller sees was one.
    const expected = /^console error: .*status of 400.*\/campaigns\/plan\)$/;
    expect(browser.complaints.filter((complaint) => !expected.test(complaint))).toEqual([]);
  });
});
