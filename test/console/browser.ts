import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, type TestContext } from 'node:test';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Client } from '../client.ts';

/**
 * The browser that the console is driven with: Debian's, or another Chromium that `CHROMIUM` names.
 */
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
/** Where pictures go, for docs/images; without it none are taken. */
const PICTURES = process.env.MUSTER_PICTURES;
const BUILT = path.resolve(import.meta.dirname, '../../dist/console/index.html');

export type Console = {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Keeps a picture of what is seen, when pictures are asked for. */
  picture(name: string): Promise<void>;
};

/** One browser for the tests of a file; each of them has a context of its own. */
let browser: Promise<Browser> | null = null;
after(async () => (await browser)?.close());

/**
 * Why the first tier leaves its walk through the console out, where nobody has a browser; false in
 * CI.
 */
export function withoutBrowser(): string | false {
  if (existsSync(CHROMIUM) || process.env.CI) return false;
  return `there is no Chromium at ${CHROMIUM}: apt-get install chromium`;
}

function startBrowser(): Promise<Browser> {
  assert.ok(existsSync(CHROMIUM), `there is no Chromium at ${CHROMIUM}: apt-get install chromium`);
  assert.ok(existsSync(BUILT), 'the console is not built: npm run build');
  browser ??= chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
  return browser;
}

/**
 * Opens the console of a service as somebody who has not been here before. It is closed with the
 * test, which fails if the page has thrown or logged an error: a refused call that the page shows
 * is none.
 */
export async function openConsole(
  t: TestContext,
  service: Client,
  options: { colorScheme?: 'light' | 'dark'; path?: string; token?: string | null; locale?: string } = {},
): Promise<Console> {
  const browser = await startBrowser();
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    colorScheme: options.colorScheme ?? 'light',
    reducedMotion: 'reduce',
    locale: options.locale ?? 'en-GB',
    baseURL: service.baseUrl,
  });
  const page = await context.newPage();
  // on a machine with much else to do a page takes its time
  page.setDefaultTimeout(30_000);
  const faults: string[] = [];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (said) => {
    // calls that are refused are shown by the page, and the service may stop before the page is
    // closed
    if (said.type() === 'error' && !said.text().startsWith('Failed to load resource'))
      faults.push(said.text());
  });
  t.after(async () => {
    // a picture of what was there when it failed says more than the call that waited
    const { passed } = t as { readonly passed?: boolean };
    if (passed !== true) await page.screenshot({ path: path.join(tmpdir(), `console-${Date.now()}.png`) });
    await context.close();
    assert.deepEqual(faults, [], 'the page has thrown or logged errors');
  });
  const { token = service.token } = options;
  if (token !== null) await page.addInitScript(`sessionStorage.setItem('muster.token', '${token}')`);
  await page.goto(options.path ?? '/');
  const picture = async (name: string) => {
    if (PICTURES === undefined) return;
    mkdirSync(PICTURES, { recursive: true });
    // tooltips and transitions are over by then
    await page.waitForTimeout(400);
    await page.screenshot({ path: path.join(PICTURES, `${name}.png`) });
  };
  return { page, context, picture };
}

/** Drops files on an import's page, as the file dialog would. */
export async function drop(
  page: Page,
  ...files: readonly { readonly name: string; readonly text: string }[]
): Promise<void> {
  await page
    .locator('input[type=file]')
    .setInputFiles(
      files.map(({ name, text }) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) })),
    );
}

/** The text of a file that a click makes the browser save. */
export async function downloaded(
  page: Page,
  click: () => Promise<void>,
): Promise<{ name: string; text: string }> {
  const [download] = await Promise.all([page.waitForEvent('download'), click()]);
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
  return { name: download.suggestedFilename(), text: Buffer.concat(chunks).toString() };
}

/** A number as the console writes it, read. */
export function readNumber(text: string | null): number {
  return Number((text ?? '').replaceAll(/[^\d-]/g, ''));
}
