import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createImport, createSegment, dataOf, executionsPath, runFile, waitForEnd } from '../client.ts';
import { startService } from '../helper.ts';
import { openConsole, readNumber } from './browser.ts';

test('a file that a guard stopped is accounted for, and nothing of it is to be reverted; why a user is in is told', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const id = await createImport(service, { format: 'NDJSON' });
  const line = (user: string) =>
    `{"operation":"UPDATE","user_account_id":"${user}","segment_technical_name":"vip","expiration_duration":0}\n`;
  const bad = line('u2').replace('"UPDATE"', '"update"');
  const run = (text: string, query = '') => runFile(service, 'NDJSON', text, { documentImportId: id, query });
  const first = await run(line('u1') + line('u2'));
  const refused = await run(line('u1') + bad, 'mode=replace');
  const kept = await run(line('u1') + line('u3') + bad, 'mode=replace&max_failure_ratio=1');
  const replaced = await run(line('u3'), 'mode=replace&max_shrink_ratio=1');
  const path = executionsPath({ datamartId: '1', documentImportId: id });
  const back = await waitForEnd(
    service,
    await dataOf(service.call('POST', `${path}/${replaced.id}/action`, { action: 'REVERT' })),
  );

  const { page } = await openConsole(t, service, {
    path: `/datamarts/1/imports/${id}/executions/${refused.id}`,
  });
  const lines = page.getByRole('table', { name: 'Lines', exact: true });
  await lines.waitFor();
  const rows = await lines.getByRole('row').allTextContents();
  assert.deepEqual(
    rows.map((row) => row.replaceAll(/[\d.,%–−\s]/g, '')),
    ['Applied', 'Failed', 'Validnotapplied', 'Lines'],
  );
  const cells = (await lines.getByRole('cell').allTextContents()).filter((_, at) => at % 2 === 0);
  assert.deepEqual(
    cells.map((text) => readNumber(text)),
    [0, 1, 1, 2],
  );
  await page.getByText('A guard stopped the file, so nothing was applied.').waitFor();
  await page
    .getByText(/takes max_failure_ratio=0.5/)
    .first()
    .waitFor();
  assert.equal(await page.getByRole('button', { name: 'Revert' }).count(), 0);

  await page.goto(`/datamarts/1/imports/${id}/executions/${kept.id}`);
  await page.getByText('1 stayed: named by a failed line.').waitFor();
  await page.getByRole('button', { name: 'Revert' }).waitFor();

  await page.goto('/datamarts/1/users?user=user_account_id%3Du1');
  const memberships = page.getByRole('table', { name: 'Memberships' });
  await memberships.getByText('restored by').waitFor();
  const why = (await memberships.getByRole('row').last().textContent()) ?? '';
  assert.match(why, /a line of \S+, line 1/);
  assert.ok(why.includes(`restored by Run #${back.id}, which reverts #${replaced.id}`), why);
  assert.ok(!why.includes('taken back'), why);
  assert.notEqual(first.id, back.id);
});
