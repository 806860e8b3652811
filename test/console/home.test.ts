import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createImport, createSegment, runFile } from '../client.ts';
import { startService } from '../helper.ts';
import { downloaded, drop, openConsole } from './browser.ts';

const line = (user: string, operation: 'UPDATE' | 'DELETE' = 'UPDATE') =>
  `${JSON.stringify({ operation, user_account_id: user, segment_technical_name: 'vip', expiration_duration: 0 })}\n`;

const HOUR_MS = 3_600_000;

test('home tells what came in, what failed, what shrank, and lines by hour from the records of the service', async (t) => {
  let now = Date.now() - 30 * HOUR_MS;
  const service = await startService(t, {}, () => now);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const run = (text: string) => runFile(service, 'NDJSON', text, { documentImportId });
  await run(['a', 'b', 'c', 'd'].map((user) => line(user)).join(''));
  now = Date.now() - 5 * HOUR_MS;
  await run(line('a', 'DELETE') + line('b', 'DELETE') + line('c', 'DELETE'));
  now = Date.now() - HOUR_MS;
  await run(`${line('e')}{}\n`);
  now = Date.now();
  const { page, picture } = await openConsole(t, service);
  await page.getByRole('heading', { name: 'Home' }).waitFor();
  await page.getByRole('link', { name: 'Runs: 2' }).waitFor();
  await page.getByRole('link', { name: 'Failed runs: 0' }).waitFor();
  await page.getByRole('figure', { name: /4 applied, 1 failed$/ }).waitFor();
  await page.getByText('The queue is empty.').waitFor();
  const shrunk = page.getByRole('region', { name: 'Segments that shrank' }).getByRole('row').nth(1);
  assert.deepEqual(await shrunk.getByRole('cell').allTextContents(), ['VIP', '4', '2', '−2', '50%']);
  const problems = page.getByRole('region', { name: 'Runs with problems' });
  await problems.getByText('1 line failed · 50%').waitFor();
  assert.equal(await problems.locator('tbody').getByRole('row').count(), 1);
  await picture('home');
  await page.getByRole('link', { name: 'With failed lines: 1' }).click();
  await page.getByText('1–1 of 1 run').waitFor();
  assert.match(page.url(), /runs\?status=failures&time=day$/);
});

test('where there is nothing yet home tells the first steps, and its sample file works with them', async (t) => {
  const service = await startService(t);
  const { page } = await openConsole(t, service);
  const start = page.getByRole('region', { name: 'Get started' });
  await start.waitFor();
  assert.deepEqual((await start.locator('li p:first-child').allTextContents()).slice(0, 3), [
    'Create a segment',
    'Create an import',
    'Drop a file on the import',
  ]);
  const sample = await downloaded(page, () =>
    start.getByRole('button', { name: 'Download sample file' }).click(),
  );
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const id = await createImport(service, { format: 'NDJSON' });
  await page.goto(`/datamarts/1/imports/${id}`);
  await drop(page, { name: sample.name, text: sample.text });
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByText('3 lines applied, 0 failed').waitFor();
});
