import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientOf, createImport, createSegment, dataOf, runFile } from '../client.ts';
import { startService } from '../helper.ts';
import { downloaded, drop, openConsole, readNumber } from './browser.ts';
import { makeShopSegments, readShopFile } from './shop.ts';

test('a wrong token is told of, a right one is kept in the tab alone and never in a URL', async (t) => {
  const service = await startService(t);
  const { page } = await openConsole(t, service, { token: null });
  await page.getByLabel('API token').fill('not-a-token');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Unknown token').waitFor();
  await page.getByLabel('API token').fill(service.token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Home', exact: true }).waitFor();
  assert.ok(!page.url().includes(service.token));
  assert.equal(await page.evaluate('JSON.stringify(localStorage).includes("test-admin-token")'), false);
  await page.reload();
  await page.getByRole('heading', { name: 'Home', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Session' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByLabel('API token').waitFor();
  assert.equal(await page.evaluate('sessionStorage.length'), 0);
});

test('what the role may not do is not offered', async (t) => {
  const service = await startService(t);
  const segment = await createSegment(service, { name: 'seen' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const line = `{"operation":"UPDATE","user_account_id":"1","segment_id":"${segment}","expiration_duration":0}\n`;
  const execution = await runFile(service, 'NDJSON', line, { documentImportId });
  const { value } = await dataOf<{ value: string }>(
    service.call('POST', '/v1/api_tokens', { name: 'looks', role: 'reader', datamart_ids: ['1'] }),
  );
  const reader = clientOf(service.baseUrl, value);
  const path = `/datamarts/1/imports/${documentImportId}`;
  const { page } = await openConsole(t, reader, { path: `${path}/executions/${execution.id}` });
  await page.getByText('Every line accounted for').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Revert' }).count(), 0);
  await page.getByRole('link', { name: 'test NDJSON' }).click();
  await page.getByRole('table').waitFor();
  assert.equal(await page.getByText('Drop files here').count(), 0);
  await page.getByRole('link', { name: 'Operations' }).click();
  await page.getByText('Free on disk').waitFor();
  assert.equal(await page.getByRole('link', { name: 'Settings' }).count(), 0);
  await page.goto('/datamarts/77/imports');
  await page.getByText('Not found', { exact: true }).waitFor();
});

test('the CDNOW sample: preview, dry run, import, every line accounted for, look-up, revert', async (t) => {
  const service = await startService(t);
  await makeShopSegments(service);
  const file = await readShopFile();
  const { page, picture } = await openConsole(t, service, { path: '/datamarts/1/imports' });

  await page.getByRole('button', { name: 'New import' }).first().click();
  await page.getByLabel('Name').fill('CDNOW purchases');
  await page.getByRole('button', { name: 'Create import' }).click();
  await page.getByRole('heading', { name: 'CDNOW purchases' }).waitFor();

  await drop(page, { name: 'cdnow.ndjson', text: file.text });
  await page.getByRole('table', { name: 'Preview of the first lines' }).waitFor();
  await page.getByText(/The first [\d,]+ commands of the file/).waitFor();
  await picture('preview');

  await page.getByRole('button', { name: 'Dry run' }).click();
  const diff = page.getByRole('table', { name: 'Segments before and after, if applied' });
  await diff.getByRole('link', { name: 'Repeat buyers' }).waitFor();
  const sizes = await service.call('GET', '/v1/audience_segments?order_by=-user_points_count');
  assert.match(sizes.text, /"user_points_count":0/);

  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByText(/lines applied/).waitFor();
  await page.getByRole('link', { name: 'Details' }).click();
  const lines = page.getByRole('table', { name: 'Lines', exact: true });
  await lines.waitFor();
  assert.deepEqual(
    (await lines.getByRole('cell').allTextContents())
      .filter((_, at) => at % 2 === 0)
      .map((text) => readNumber(text)),
    [file.lines - file.badLines, file.badLines, file.lines],
  );
  const effects = page.getByRole('table', { name: 'Effects by segment' });
  await effects.getByRole('link', { name: 'Big spenders' }).waitFor();
  assert.equal(await effects.getByRole('row').count(), 5);
  await page.getByText('Write the file as UTF-8').or(page.getByText('Correct the JSON')).first().waitFor();
  await picture('execution');
  const retry = await downloaded(page, async () => {
    await page.getByRole('button', { name: 'Download' }).click();
    await page.getByRole('menuitem', { name: 'Retry file' }).click();
  });
  assert.equal(retry.name, 'cdnow.retry.ndjson');
  assert.equal(retry.text.trimEnd().split('\n').length, file.badLines);
  assert.ok(!retry.text.includes('error_'));

  await page.getByRole('link', { name: 'Users' }).click();
  await page.getByLabel('Value').fill('00006');
  await page.getByRole('button', { name: 'Look up', exact: true }).click();
  const memberships = page.getByRole('table', { name: 'Memberships' });
  await memberships
    .getByText(/, line \d+/)
    .first()
    .waitFor();
  await picture('user');
  await memberships.getByRole('link', { name: 'cdnow.ndjson' }).first().click();

  await page.getByRole('button', { name: 'Revert' }).click();
  const preview = page.getByRole('table', { name: 'What the revert would change now' });
  await preview.getByText('Repeat buyers').waitFor();
  await picture('revert');
  await page.getByRole('dialog').getByRole('button', { name: 'Revert' }).click();
  await page.getByRole('heading', { name: /^Revert of/ }).waitFor();
  await page.getByText('Reverts', { exact: true }).waitFor();
  await page.getByText('Succeeded').first().waitFor();
  const after = await service.call('GET', '/v1/audience_segments?order_by=-user_points_count&max_results=1');
  assert.match(after.text, /"user_points_count":0/);
});

test('imports are found by name, format and outcome, and their list teaches when it is empty', async (t) => {
  const service = await startService(t);
  const { page, picture } = await openConsole(t, service, { path: '/datamarts/1/imports' });
  await page.getByText('No imports yet').waitFor();
  await picture('empty');
  const csv = await createImport(service, { format: 'CSV' });
  await createImport(service, { format: 'NDJSON' });
  await runFile(service, 'CSV', 'operation,user_account_id\nUPDATE,1\n', { documentImportId: csv });
  await page.reload();
  const rows = page.getByRole('table').locator('tbody tr');
  await rows.nth(1).waitFor();
  await page.getByLabel('Search imports').fill('csv');
  await page.getByText('1 of 2').waitFor();
  await page.getByLabel('Search imports').fill('');
  await page.getByLabel('Outcome').selectOption({ label: 'No file yet' });
  await page.getByText('1 of 2').waitFor();
  await page.getByRole('link', { name: 'test NDJSON' }).waitFor();
  await page.getByLabel('Outcome').selectOption({ label: 'With failed lines' });
  await page.getByRole('link', { name: '1 line failed' }).waitFor();
});

test('the filters of imports and of segments stand in the URL: sent, loaded again, gone back to', async (t) => {
  const service = await startService(t);
  await createImport(service, { format: 'CSV' });
  await createImport(service, { format: 'NDJSON' });
  await createSegment(service, { name: 'Full of A&B=C', technical_name: 'ab' });
  await createSegment(service, { name: 'Other' });
  const base = '/datamarts/1';
  const { page } = await openConsole(t, service, { path: `${base}/imports?format=csv&outcome=none` });
  const searched = () => new URL(page.url()).search;
  await page.getByText('1 of 2').waitFor();
  await page.getByRole('link', { name: 'test CSV' }).waitFor();
  assert.equal(await page.getByLabel('Format').inputValue(), 'csv');
  assert.equal(await page.getByLabel('Outcome').inputValue(), 'none');
  await page.getByLabel('Format').selectOption('All formats');
  await page.getByText('2 of 2').waitFor();
  assert.equal(searched(), '?outcome=none');
  await page.getByRole('link', { name: 'test NDJSON' }).click();
  await page.getByRole('heading', { name: 'test NDJSON' }).waitFor();
  await page.goBack();
  await page.getByText('2 of 2').waitFor();
  assert.equal(searched(), '?outcome=none');
  await page.goBack();
  await page.getByText('1 of 2').waitFor();
  assert.equal(searched(), '?format=csv&outcome=none');

  await page.goto(`${base}/segments`);
  await page.getByText('2 of 2').waitFor();
  await page.getByLabel('Search segments').fill('a&b=c');
  await page.getByText('1 of 2').waitFor();
  await page.getByLabel('Which segments').selectOption('Empty');
  await page.waitForURL(/kind=empty/);
  await page.reload();
  await page.getByText('1 of 2').waitFor();
  assert.equal(await page.getByLabel('Search segments').inputValue(), 'a&b=c');
  await page.getByRole('link', { name: 'Full of A&B=C' }).waitFor();
  // the list without filters is one page back, and what was typed is none of its own
  await page.goBack();
  assert.equal(await page.getByLabel('Which segments').inputValue(), '');
  await page.getByRole('link', { name: 'Segments', exact: true }).click();
  await page.getByText('2 of 2').waitFor();
  assert.equal(await page.getByLabel('Search segments').inputValue(), '');

  await page.goto(`${base}/segments?kind=nonsense&search=%20OTHER%20&more=1`);
  await page.getByText('1 of 2').waitFor();
  await page.getByRole('link', { name: 'Other' }).waitFor();
  assert.equal(await page.getByLabel('Which segments').inputValue(), '');
});
