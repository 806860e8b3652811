import assert from 'node:assert/strict';
import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { createImport, createSegment } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { startProcess } from '../process.ts';
import { openConsole } from './browser.ts';

const BYTES = 100_000_000;
/** So that a bar has something to show on the loopback device. */
const UPLOAD_BYTES_PER_SECOND = 60_000_000;

test('a file of 100 MB: its bars move, an upload can be stopped, an execution canceled', async (t) => {
  // smaller steps than by default, so that a file that is quickly done has some
  const service = await startProcess(t, { MUSTER_LOG_LEVEL: 'silent', MUSTER_CHUNK_ROWS: '40000' });
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const id = await createImport(service, { format: 'NDJSON' });
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  const file = path.join(folder, 'large.ndjson');
  await writeLarge(file);
  const { page, context } = await openConsole(t, service, { path: `/datamarts/1/imports/${id}` });
  const streams: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('/events')) streams.push(request.headers().authorization);
  });
  const network = await context.newCDPSession(page);
  await network.send('Network.enable');
  const limits = { offline: false, latency: 0, downloadThroughput: -1 };
  const limit = (uploadThroughput: number) =>
    network.send('Network.emulateNetworkConditions', { ...limits, uploadThroughput });

  await limit(5_000_000);
  await send(page, file);
  await page.getByRole('button', { name: 'Stop upload' }).click();
  await page.getByRole('region', { name: 'Upload of large.ndjson' }).waitFor({ state: 'detached' });

  await limit(UPLOAD_BYTES_PER_SECOND);
  await send(page, file);
  const sent = await sample(page, 'Sent so far');
  assert.ok(sent.length >= 3 && isRising(sent), `the bar of the upload: ${sent.join(', ')}`);
  await page.getByText(/lines\/s/).waitFor();
  const done = await sample(page, 'Progress of the execution', 3);
  assert.ok(done.length >= 3 && isRising(done), `the bar of the execution: ${done.join(', ')}`);
  await page.getByText(/left$/).waitFor();
  await page.getByRole('button', { name: 'Cancel run' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel run' }).click();
  const card = page.getByRole('region', { name: 'Upload of large.ndjson' });
  await card.getByText('Canceled').waitFor();
  assert.deepEqual(streams, [`Bearer ${service.token}`], 'it was followed by its events, in one stream');
  const { json } = await service.call('GET', '/v1/datamarts/1/executions');
  const { data } = json as { data: { status: string }[] };
  assert.deepEqual(
    data.map(({ status }) => status),
    ['CANCELED'],
    'what was stopped made no execution',
  );
  await rm(file);
});

async function writeLarge(file: string): Promise<void> {
  const handle = await open(file, 'w');
  let user = 0;
  for (let bytes = 0; bytes < BYTES; ) {
    const lines: string[] = [];
    for (let i = 0; i < 20_000; i++)
      lines.push(
        `{"operation":"UPDATE","user_account_id":"${1_000_000 + user++}","segment_technical_name":"vip","expiration_duration":43200}`,
      );
    const { bytesWritten } = await handle.write(`${lines.join('\n')}\n`);
    bytes += bytesWritten;
  }
  await handle.close();
}

async function send(page: Page, file: string): Promise<void> {
  const chosen = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose files' }).click();
  const chooser = await chosen;
  await chooser.setFiles(file);
  await page.getByText(/The first [\d,]+ commands of the file: no mistakes/).waitFor();
  await page.getByRole('button', { name: 'Import', exact: true }).click();
}

/** The different values of a bar, until it is gone or there are `enough`. */
async function sample(page: Page, label: string, enough = 20): Promise<readonly number[]> {
  const bar = page.getByRole('progressbar', { name: label });
  await bar.waitFor();
  const values: number[] = [];
  for (;;) {
    const text = await bar.getAttribute('aria-valuenow', { timeout: 1_000 }).catch(() => null);
    if (text === null || values.length >= enough) return values;
    if (values.at(-1) !== Number(text)) values.push(Number(text));
    await page.waitForTimeout(30);
  }
}

function isRising(values: readonly number[]): boolean {
  return values.every((value, at) => at === 0 || value > (values[at - 1] ?? 0));
}
