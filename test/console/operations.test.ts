import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientOf, createImport, createSegment, membershipsOf, runFile } from '../client.ts';
import { startService } from '../helper.ts';
import { startReceiver } from '../receiver.ts';
import { openConsole } from './browser.ts';

const LINES =
  '{"operation":"UPDATE","user_account_id":"1","segment_technical_name":"vip","expiration_duration":0}\n{}\n';

test('the queue, throughput, store size and recent failures; tokens; the audit log', async (t) => {
  const service = await startService(t, { lookupGoalMs: 20 });
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  await runFile(service, 'NDJSON', LINES, {
    documentImportId: await createImport(service, { format: 'NDJSON' }),
  });
  const { page, picture } = await openConsole(t, service, { path: '/datamarts/1/operations' });
  await page.getByText('Free on disk').waitFor();
  await page.getByText('The queue is empty.').waitFor();
  await page.getByText(/Look-ups are answered from \d+ serving runs?: .* on disk, .* in memory/).waitFor();
  await page.getByRole('link', { name: /document.ndjson/ }).waitFor();
  await page.getByRole('figure', { name: /Throughput, now/ }).waitFor();
  await page.getByText('20 ms', { exact: true }).waitFor();
  await picture('operations');

  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('tab', { name: 'Tokens' }).click();
  await page.getByText('yours').waitFor();
  await page.getByRole('button', { name: 'New token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('nightly upload');
  await dialog.getByLabel('Role').selectOption('editor');
  await dialog.getByRole('button', { name: 'Create token' }).click();
  const value = (await dialog.locator('pre').textContent()) ?? '';
  assert.match(value, /^muster_/);
  const made = clientOf(service.baseUrl, value);
  assert.equal((await made.call('GET', '/v1/datamarts')).status, 200);
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  const row = page.getByRole('row', { name: /nightly upload/ });
  await row.getByText('editor').waitFor();
  await row.getByRole('button', { name: 'Revoke' }).click();
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await row.waitFor({ state: 'detached' });
  assert.equal((await made.call('GET', '/v1/datamarts')).status, 401);

  await page.getByRole('tab', { name: 'Audit log' }).click();
  const log = page.getByRole('region', { name: 'Audit log' });
  await log
    .getByText(/api token \d/)
    .first()
    .waitFor();
  await page.getByRole('combobox', { name: 'Action' }).selectOption('UPLOAD');
  await log.getByText('execution 1').waitFor();
  await log
    .getByText(/api token/)
    .first()
    .waitFor({ state: 'detached' });
});

test('webhooks: made, tested, what became of each delivery, sent again', async (t) => {
  const service = await startService(t, { webhookAllowPrivate: true });
  const receiver = await startReceiver(t);
  const { page } = await openConsole(t, service, { path: '/datamarts/1/settings/webhooks' });
  await page.getByText('No webhooks yet').waitFor();
  await page.getByRole('button', { name: 'New webhook' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('URL').fill(receiver.url);
  await dialog.getByLabel('Name').fill('operations');
  await dialog.getByRole('button', { name: 'Create webhook' }).click();
  await dialog.getByText(/^whsec_/).waitFor();
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  await page.getByRole('button', { name: /operations/ }).click();
  await page.getByRole('button', { name: 'Send a test' }).click();
  await dialog.getByRole('button', { name: 'Send a test' }).click();
  await page.getByText('Delivered').waitFor();
  assert.equal((await receiver.until(1))[0]?.body.type, 'webhook.ping');
  receiver.answer((response) => response.writeHead(500).end('database is away'));
  await page.getByRole('button', { name: 'Send again' }).click();
  await page.getByText(/expected 2xx, got 500/).waitFor();
  await page.getByRole('button', { name: 'Disable' }).click();
  await dialog.getByRole('button', { name: 'Disable' }).click();
  await page.getByText('Disabled').waitFor();
});

test('a service that goes away is told of, and what was seen of it stays', async (t) => {
  const service = await startService(t);
  const { page } = await openConsole(t, service, { path: '/datamarts/1/operations' });
  await page.getByText('Free on disk').waitFor();
  await service.stop();
  await page.getByText('Muster does not answer').first().waitFor();
  await page.getByText('Free on disk').waitFor();
  await page.getByRole('button', { name: 'Try again' }).first().waitFor();
});

test('imports that are held back for look-ups, and by how much these are too slow', async (t) => {
  const service = await startService(t, { lookupGoalMs: 0.001 });
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  for (let i = 0; i < 10; i++) await membershipsOf(service, 'user_account_id=1');
  await runFile(service, 'NDJSON', LINES);
  const { page } = await openConsole(t, service, { path: '/datamarts/1/operations' });
  await page.getByText(/^Imports pause between chunks.* the goal is 0\.001 ms\.$/).waitFor();
});
