import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createImport, createSegment, dataOf, type ExecutionAnswer, runFile, waitForEnd } from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { holdExecution } from '../http/held-execution.ts';
import { openConsole } from './browser.ts';

const line = (user: string, segment: string) =>
  `${JSON.stringify({ operation: 'UPDATE', user_account_id: user, segment_technical_name: segment, expiration_duration: 0 })}\n`;

async function send(
  service: TestService,
  importId: string,
  of: { readonly name: string; readonly text: string; readonly query?: string },
): Promise<ExecutionAnswer> {
  const execution = await dataOf<ExecutionAnswer>(
    service.call(
      'POST',
      `/v1/datamarts/1/document_imports/${importId}/executions${of.query ?? ''}`,
      of.text,
      {
        'content-type': 'application/x-ndjson',
        'content-disposition': `attachment; filename="${of.name}"`,
      },
    ),
  );
  return waitForEnd(service, execution);
}

test('runs are found by filters that stand in the URL, and by the name of their file with Ctrl K', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const importId = await createImport(service, { format: 'NDJSON' });
  await send(service, importId, { name: 'monday.ndjson', text: line('a', 'vip') });
  await send(service, importId, { name: 'tuesday.ndjson', text: line('b', 'vip') + line('c', 'vipp') });
  await send(service, importId, { name: 'wednesday.ndjson', text: line('c', 'vip'), query: '?dry_run=true' });
  const { page } = await openConsole(t, service, { path: '/datamarts/1/runs' });
  const table = page.getByRole('region', { name: 'Runs' });
  const names = async () => {
    const all = await table.locator('.run-name').allTextContents();
    return all.map((text) => text.replace(/\..*/, ''));
  };
  await page.getByText('1–3 of 3 runs').waitFor();
  assert.deepEqual(await names(), ['wednesday', 'tuesday', 'monday']);
  await table.getByRole('link', { name: 'test NDJSON' }).first().waitFor();

  await page.getByLabel('Status').selectOption('With failed lines');
  await page.getByText('1–1 of 1 run').waitFor();
  assert.deepEqual(await names(), ['tuesday']);
  await table.getByText('1 line failed · 50%').waitFor();
  assert.match(page.url(), /\?status=failures$/);
  await page.goBack();
  await page.getByText('1–3 of 3 runs').waitFor();

  await page.getByLabel('Kind').selectOption('Dry runs');
  await page.getByLabel('Search file names').fill('WEDNES');
  await page.waitForURL(/kind=dry_run.*file=WEDNES/);
  await page.reload();
  await page.getByText('1–1 of 1 run').waitFor();
  assert.deepEqual(await names(), ['wednesday']);
  await page.getByLabel('Kind').selectOption('Replacements');
  await page.getByText('No runs match these filters.').waitFor();
  await page.getByRole('button', { name: 'Clear filters' }).first().click();
  await page.getByText('1–3 of 3 runs').waitFor();
  assert.match(page.url(), /runs$/);

  await page.goto('/datamarts/1/runs?time=custom&from=2001-01-01T00:00&to=2001-01-02T00:00');
  await page.getByText('No runs match these filters.').waitFor();
  await page.getByLabel('Received').selectOption('Last hour');
  await page.getByText('1–3 of 3 runs').waitFor();

  await page.keyboard.press('Control+k');
  await page.getByRole('textbox', { name: 'Search', exact: true }).fill('tues');
  await page.getByRole('button', { name: 'tuesday.ndjson #2' }).click();
  await page.getByRole('heading', { name: 'tuesday.ndjson' }).waitFor();
});

test('a run that is under way is followed in the list, and a new one appears in it', async (t) => {
  const service = await startService(t);
  const importId = await createImport(service, { format: 'NDJSON' });
  const held = await holdExecution(service, importId);
  const { page } = await openConsole(t, service, { path: '/datamarts/1/runs' });
  const row = page.getByRole('row', { name: /held/ }).filter({ hasText: `#${held.execution.id}` });
  await row.getByText('Running').waitFor();
  await held.end();
  await row.getByText('Succeeded').waitFor();
});

test('several runs are canceled at once, and the failed lines of others are sent again', async (t) => {
  const service = await startService(t);
  const importId = await createImport(service, { format: 'NDJSON' });
  const failed = await send(service, importId, { name: 'early.ndjson', text: line('a', 'vip') });
  assert.equal(failed.result.total_failure, 1);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const { page } = await openConsole(t, service, { path: '/datamarts/1/runs' });
  const confirm = (name: string) => page.getByRole('dialog').getByRole('button', { name }).click();

  await page.getByLabel('Select early.ndjson #1').check();
  await page.getByText('1 selected').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Cancel (0)' }).isDisabled(), true);
  await page.getByRole('button', { name: 'Retry failed lines (1)' }).click();
  await confirm('Retry failed lines (1)');
  await page.getByText('Done: 1 run').waitFor();
  const retried = page.getByRole('row', { name: /early\.retry\.ndjson/ });
  await retried.getByText('Succeeded').waitFor();

  const held = await holdExecution(service, importId);
  for (const user of ['b', 'c']) {
    await dataOf(
      service.call('POST', `/v1/datamarts/1/document_imports/${importId}/executions`, line(user, 'vip'), {
        'content-type': 'application/x-ndjson',
      }),
    );
  }
  await page.reload();
  await page.getByLabel('Status').selectOption('Waiting or running');
  await page.getByText('1–3 of 3 runs').waitFor();
  await page.getByLabel('Select all runs on this page').check();
  await page.getByRole('button', { name: 'Cancel (3)' }).click();
  await confirm('Cancel (3)');
  await page.getByText('Done: 3 runs').waitFor();
  await held.end();
  await page.getByText('No runs match these filters.').waitFor();
});

test('a file is run again from the page of its run, with the options that it had', async (t) => {
  const service = await startService(t);
  const vip = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const importId = await createImport(service, { format: 'NDJSON' });
  await runFile(service, 'NDJSON', line('old', 'vip') + line('a', 'vip'), { documentImportId: importId });
  const query = `?mode=replace&segment_id=${vip}&max_shrink_ratio=0.7`;
  const { id } = await send(service, importId, { name: 'all.ndjson', text: line('a', 'vip'), query });
  const path = `/datamarts/1/imports/${importId}/executions/`;
  const { page } = await openConsole(t, service, { path: `${path}${id}` });
  assert.equal(await page.getByRole('button', { name: 'Retry failed lines' }).count(), 0);
  await page.getByRole('button', { name: 'Run again' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Run again' }).click();
  await page.waitForURL(new RegExp(`${path}${Number(id) + 1}$`));
  await page.getByText('1 line applied, 0 failed').waitFor();
  const again = await dataOf<ExecutionAnswer>(
    service.call('GET', `/v1/datamarts/1/executions/${Number(id) + 1}`),
  );
  assert.deepEqual(
    { ...again.parameters, file_uri: '' },
    {
      ...{
        datamart_id: 1,
        document_import_id: Number(importId),
        document_type: 'USER_SEGMENT',
        file_uri: '',
      },
      ...{ total_success: 1, total_failure: 0, mode: 'replace', segment_ids: [vip] },
      ...{ max_failure_ratio: 0, max_shrink_ratio: 0.7 },
    },
  );
});

test('a reader finds runs and is not offered to change them', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  await runFile(service, 'NDJSON', line('a', 'vip'));
  const { value } = await dataOf<{ value: string }>(
    service.call('POST', '/v1/api_tokens', { name: 'looks', role: 'reader', datamart_ids: ['1'] }),
  );
  const { page } = await openConsole(t, { ...service, token: value }, { path: '/datamarts/1/runs' });
  await page.getByText('1–1 of 1 run').waitFor();
  await page.setViewportSize({ width: 1600, height: 800 });
  await page.getByRole('link', { name: 'Token #1' }).waitFor();
  assert.equal(await page.getByRole('checkbox').count(), 0);
  assert.equal(await page.getByLabel('Token', { exact: true }).count(), 0);
});
