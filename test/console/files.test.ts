import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  getSegment,
  waitForEnd,
} from '../client.ts';
import { startService } from '../helper.ts';
import { downloaded, drop, openConsole } from './browser.ts';

const BROKEN = [
  'operation;user_account_id;email_hash;segment_technical_name;expiration_duration;comment',
  'UPDATE;1;;vip;0;',
  'UPDATE;;jane.doe@example.com;vip;0;',
  'UPDATE;3;;nosuch;0;',
  'update;4;;vip;0;',
  'UPDATE;5;;vip;0;;one cell too many',
  'UPDATE;6;;vip;7d;',
  '',
].join('\n');

test('a broken CSV: its mistakes are seen before it is sent, and corrected lines can be sent again', async (t) => {
  const service = await startService(t);
  const vip = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const id = await createImport(service, { format: 'CSV' });
  const { page, picture } = await openConsole(t, service, { path: `/datamarts/1/imports/${id}` });
  await drop(page, { name: 'broken.csv', text: BROKEN });
  await page.getByText('All 6 commands: 5 would fail.').waitFor();
  for (const code of [
    'CLEAR_EMAIL',
    'UNKNOWN_SEGMENT',
    'INVALID_OPERATION',
    'INVALID_CSV',
    'INVALID_EXPIRATION',
  ])
    await page.getByText(`${code} 1`).waitFor();
  await page.getByText('comment (ignored)').waitFor();
  assert.equal(await page.getByText('jane.doe@example.com').count(), 0, 'an address is not shown');
  await picture('broken-csv');

  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByText('1 line applied, 5 failed').waitFor();
  await page.getByRole('link', { name: 'Details' }).click();
  await page.getByRole('button', { name: 'UNKNOWN_SEGMENT' }).click();
  await page.getByText('UPDATE;3;;nosuch;0;').waitFor();
  const download = page.getByRole('button', { name: 'Download' });
  const input = await downloaded(page, async () => {
    await download.click();
    await page.getByRole('menuitem', { name: 'Input file' }).click();
  });
  assert.deepEqual(input, { name: 'broken.csv', text: BROKEN });
  const errors = await downloaded(page, async () => {
    await download.click();
    await page.getByRole('menuitem', { name: 'Error file' }).click();
  });
  assert.match(errors.text, /^error_line;error_code;error_message;operation;/);
  const retry = await downloaded(page, async () => {
    await download.click();
    await page.getByRole('menuitem', { name: 'Retry file' }).click();
  });
  assert.equal(retry.name, 'broken.retry.csv');
  const corrected = retry.text.replace('nosuch', 'vip').replace('update', 'UPDATE').replace('7d', '10080');
  await page.getByRole('link', { name: 'test CSV' }).click();
  await drop(page, { name: 'corrected.csv', text: corrected });
  await page.getByText('All 5 commands: 2 would fail.').waitFor();
  await page
    .getByRole('region', { name: /Upload of corrected/ })
    .getByRole('button', { name: 'Import', exact: true })
    .click();
  await page.getByText('3 lines applied, 2 failed').waitFor();
  assert.equal((await getSegment(service, vip)).user_points_count, 4);
});

test('files that the service would refuse are refused before they are sent, with its own words', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const ndjson = await createImport(service, { format: 'NDJSON' });
  const csv = await createImport(service, { format: 'CSV' });
  const { page } = await openConsole(t, service, { path: `/datamarts/1/imports/${ndjson}` });
  await drop(page, { name: 'array.ndjson', text: '[{"operation":"UPDATE"}]' });
  await page.getByText('got a JSON array').waitFor();
  assert.ok(await page.getByRole('button', { name: 'Import', exact: true }).isDisabled());
  await page.getByRole('button', { name: 'Discard' }).click();
  await drop(page, { name: 'empty.ndjson', text: ' \n' });
  await page.getByText('got nothing but blanks').waitFor();
  await page.goto(`/datamarts/1/imports/${csv}`);
  await drop(page, { name: 'columns.csv', text: 'account,segment\n1,vip\n' });
  await page.getByText('the first line must name the columns').waitFor();
  const { text } = await service.call('GET', '/v1/datamarts/1/executions');
  assert.match(text, /"total":0/);
});

test('several files at once, one of them compressed; replacing shows who would leave, and a guard holds', async (t) => {
  const service = await startService(t);
  const vip = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const id = await createImport(service, { format: 'NDJSON' });
  const line = (user: number) =>
    `{"operation":"UPDATE","user_account_id":"${user}","segment_technical_name":"vip","expiration_duration":0}\n`;
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, at) => line(from + at)).join('');
  const { page, picture } = await openConsole(t, service, { path: `/datamarts/1/imports/${id}` });
  await page.locator('input[type=file]').setInputFiles([
    { name: 'one.ndjson', mimeType: 'text/plain', buffer: Buffer.from(lines(0, 60)) },
    { name: 'two.ndjson.gz', mimeType: 'application/gzip', buffer: gzipSync(lines(60, 100)) },
  ]);
  for (const [name, count] of [
    ['one.ndjson', 60],
    ['two.ndjson.gz', 40],
  ] as const) {
    const card = page.getByRole('region', { name: `Upload of ${name}` });
    await card.getByText(`All ${count} commands: no mistakes.`).waitFor();
    await card.getByRole('button', { name: 'Import', exact: true }).click();
    await card.getByText(`${count} lines applied, 0 failed`).waitFor();
    await card.getByRole('button', { name: `Dismiss ${name}` }).click();
  }
  assert.equal((await getSegment(service, vip)).user_points_count, 100);

  await drop(page, { name: 'new.ndjson', text: lines(90, 130) });
  const card = page.getByRole('region', { name: 'Upload of new.ndjson' });
  await card.getByText('All 40 commands').waitFor();
  await card.getByText('Replace segments').click();
  await card.getByLabel('Stop if a segment shrinks by more than').fill('10');
  await card.getByRole('button', { name: 'Dry run' }).click();
  await card.getByText(/max_shrink_ratio is 0.1/).waitFor();
  await card.getByLabel('Stop if a segment shrinks by more than').fill('60');
  await card.getByRole('button', { name: 'Dry run' }).click();
  await card.getByText('−60').waitFor();
  await picture('replace');
  await card.getByRole('button', { name: 'Replace…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('VIP loses 90 of 100 members (90%). With new members it will have 40.').waitFor();
  await dialog.getByLabel(/^Half or more would leave/).fill('VIP');
  await dialog.getByRole('button', { name: 'Replace', exact: true }).click();
  await card.getByText('40 lines applied, 0 failed').waitFor();
  assert.equal((await getSegment(service, vip)).user_points_count, 40);
});

test('what was chosen for a file stays while its preview is read anew', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const id = await createImport(service, { format: 'NDJSON' });
  const line = (segment: string) =>
    `{"operation":"UPDATE","user_account_id":"1","segment_technical_name":"${segment}","expiration_duration":0}\n`;
  const { page } = await openConsole(t, service, { path: `/datamarts/1/imports/${id}` });
  await page.locator('input[type=file]').setInputFiles([
    { name: 'first.ndjson', mimeType: 'text/plain', buffer: Buffer.from(line('vip')) },
    { name: 'second.ndjson', mimeType: 'text/plain', buffer: Buffer.from(line('new')) },
  ]);
  const second = page.getByRole('region', { name: 'Upload of second.ndjson' });
  await second.getByText('1 would fail').waitFor();
  await second.getByText('Replace segments').click();
  await second.getByLabel('Stop if a segment shrinks by more than').fill('10');

  // the segments are asked for again at the end of an import
  await createSegment(service, { name: 'New', technical_name: 'new' });
  const first = page.getByRole('region', { name: 'Upload of first.ndjson' });
  // the import has ended before anything more is heard of it
  await page.route('**/executions/*', async (route) => {
    await waitForEnd(
      service,
      await dataOf<ExecutionAnswer>(service.call('GET', new URL(route.request().url()).pathname)),
    );
    await route.continue();
  });
  await first.getByRole('button', { name: 'Import', exact: true }).click();
  await second.getByText('no mistakes').waitFor();
  assert.equal(await second.getByRole('radio', { name: 'Replace segments' }).isChecked(), true);
  assert.equal(await second.getByLabel('Stop if a segment shrinks by more than').inputValue(), '10 %');
});

/** Bytes that a reader may stumble over, each line another way. */
const HOSTILE = Buffer.concat([
  Buffer.from([0xef, 0xbb, 0xbf]),
  Buffer.from(
    [
      '{"operation":"UPDATE","user_account_id":9007199254740993,"segment_technical_name":"vip","expiration_duration":0}\r',
      '{"operation":"UPDATE",\n "user_account_id":"two lines","segment_ids":["1"],\n "expiration_duration":0}',
      '{"operation":"UPDATE","user_account_id":"\\ud800","segment_id":"1","expiration_duration":0}',
      '{"operation":"UPDATE","user_account_id":"é\u{1f600}","segment_id":"1","expiration_duration":0,"data_bag":"[1]"}',
      '{"operation":"UPDATE","user_account_id":"open","segment_id":"1"',
      'goes on',
      `{"operation":"DELETE","user_account_id":"deep","segment_id":"1","x":${'['.repeat(40)}${']'.repeat(40)}}`,
      '  ',
      '[1]',
      '{"operation":"DELETE","user_agent_id":"a","segment_id":1}',
    ].join('\n'),
  ),
  Buffer.from('\n{"operation":"DELETE","email_hash":"'),
  Buffer.from([0xc3, 0x28]),
  Buffer.from('","segment_id":"1"}\n{"operation":"DELETE","email_hash":"last","segment_id":"1"}'),
]);

test('the preview says of hostile bytes what the import then says', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const id = await createImport(service, { format: 'NDJSON' });
  const { page } = await openConsole(t, service, { path: `/datamarts/1/imports/${id}` });
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'hostile.ndjson', mimeType: 'text/plain', buffer: HOSTILE });
  await page.getByText(/would fail/).waitFor();
  const previewed = await page.getByText(/^[A-Z_]+ \d+$/).allTextContents();
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByText(/lines? applied/).waitFor();
  const { json } = await service.call('GET', `/v1/datamarts/1/document_imports/${id}/executions/1`);
  const { result } = (json as { data: { result: { failures_by_code: Record<string, number> } } }).data;
  assert.deepEqual(
    previewed.sort(),
    Object.entries(result.failures_by_code)
      .map(([code, count]) => `${code} ${count}`)
      .sort(),
  );
  assert.ok(previewed.length >= 4, previewed.join(', '));
});
