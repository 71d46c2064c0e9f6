/** Debian's Chromium, headless, with nothing to call but the pages of the test. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Locator, type Page } from 'playwright-core';
import { root } from '../e2e/farm.testkit.js';

const executablePath = '/usr/bin/chromium';
/** Kept as artefacts of a CI run. */
const screenshots = join(root, 'dist', 'screenshots');

/**
 * Whether there is a browser to test with. A newcomer's machine may have none, and `npm test` passes there; CI sets
 * DVFARM_TEST_BROWSER=required, so that the test cannot fall away unseen.
 */
export function browserAvailable(): boolean {
  if (existsSync(executablePath)) return true;
  if (process.env['DVFARM_TEST_BROWSER'] === 'required')
    throw new Error(`${executablePath}: found no such file, expected it since DVFARM_TEST_BROWSER=required`);
  process.stderr.write(`browser tests left out: found no ${executablePath}; "apt-get install chromium" brings it\n`);
  return false;
}

export interface TestBrowser {
  /** A new tab of the one profile. */
  page(): Promise<Page>;
  /** What pages complained of: console errors, uncaught exceptions, refused resources, answers of 500 and above. */
  readonly complaints: string[];
  /** Saves the top of what the tab shows; `whole`: the whole page, not only the window. */
  picture(page: Page, name: string, whole?: boolean): Promise<void>;
  /** Saves one element of a page. */
  detail(element: Locator, name: string): Promise<void>;
  close(): Promise<void>;
}

export async function startBrowser(): Promise<TestBrowser> {
  const profile = mkdtempSync(join(tmpdir(), 'dvfarm-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    viewport: { width: 1280, height: 860 },
    acceptDownloads: true,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  const complaints: string[] = [];
  watch(context, complaints);
  mkdirSync(screenshots, { recursive: true });
  return {
    complaints,
    page: () => context.newPage(),
    async picture(page, name, whole = false) {
      await page.evaluate(() => scrollTo(0, 0));
      await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: whole, animations: 'disabled' });
    },
    async detail(element, name) {
      await element.screenshot({ path: join(screenshots, `${name}.png`), animations: 'disabled' });
    },
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

function watch(context: BrowserContext, complaints: string[]): void {
  context.on('weberror', (error) => complaints.push(`exception: ${error.error().message}`));
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning')
      complaints.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
  });
  context.on('response', (response) => {
    if (response.status() >= 500) complaints.push(`${String(response.status())} ${response.url()}`);
  });
}

/** True when the page can be scrolled sideways: something is wider than the window. */
export function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
}
