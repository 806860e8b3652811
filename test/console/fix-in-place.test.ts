import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import {
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  membershipsOf,
  runFile,
} from '../client.ts';
import { startService, type TestService } from '../helper.ts';
import { parquetOf, rowsSql } from '../parquet.ts';
import { assertAccessible } from './axe.ts';
import { downloaded, openConsole } from './browser.ts';
import { englishOn } from './english.ts';

const HEADER = 'operation;user_account_id;segment_technical_name;expiration_duration';
const ROWS = [
  'UPDATE;u1;vip;0',
  'Updaet;u2;vip;0',
  'Updaet;u3;vip;0',
  'UPDATE;u4;vpi;0',
  'UPDATE;u5;vip;7d',
  'UPDATE;u6;vip;0;"one cell too many"',
];
const CSV = [HEADER, ...ROWS, ''].join('\n');

async function open(t: Parameters<typeof startService>[0]): Promise<TestService> {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  return service;
}

const pageOf = ({ id, parameters }: ExecutionAnswer) =>
  `/datamarts/1/imports/${parameters.document_import_id}/executions/${id}`;
const lineOf = (page: Page, line: number) => page.getByRole('region', { name: `Line ${line}`, exact: true });

test('failed rows of a CSV are filtered by code, corrected in place and sent, and the run says what was repaired', async (t) => {
  const service = await open(t);
  const first = await runFile(service, 'CSV', CSV);
  assert.equal(first.erroneous_tasks, 5);
  const { page, picture } = await openConsole(t, service, { path: pageOf(first) });
  await page.getByRole('button', { name: 'Fix failed lines' }).click();
  await page.getByText('0 of 5 lines ready to be sent.').waitFor();
  await lineOf(page, 5)
    .getByText('did you mean “vip”')
    .or(lineOf(page, 5).getByText('UNKNOWN_SEGMENT'))
    .waitFor();

  // one slip in two lines
  await page.getByLabel('Lines with the code').selectOption('INVALID_OPERATION');
  await page.getByText('0 of 2 lines ready to be sent.').waitFor();
  assert.equal(await lineOf(page, 5).count(), 0);
  await page.getByLabel('Find').fill('Updaet');
  await page.getByLabel('Replace with').fill('UPDATE');
  await page.getByRole('button', { name: 'Replace in all lines' }).click();
  await page.getByText('2 of 2 lines ready to be sent.').waitFor();
  await page.getByRole('button', { name: 'Send 2 lines' }).click();
  await page.getByText('2 lines applied, 0 failed').waitFor();
  await page.getByText('All these lines were sent.').waitFor();
  await page.getByText('5 failed, 2 repaired by #2', { exact: true }).waitFor();

  // the others by their cells and their text; one of them is left out
  await page.getByLabel('Lines with the code').selectOption('');
  await page.getByText('0 of 3 lines ready to be sent.').waitFor();
  assert.equal(await lineOf(page, 3).count(), 0, 'what was sent is not sent twice');
  await lineOf(page, 5).getByLabel('segment_technical_name').fill('vip');
  await lineOf(page, 5).getByText('No mistakes').waitFor();
  await lineOf(page, 6).getByLabel('expiration_duration').fill('10080');
  await lineOf(page, 6).getByLabel('Line 6', { exact: true }).uncheck();
  const text = lineOf(page, 7).getByLabel('Text of Line 7');
  assert.match(await text.inputValue(), /one cell too many/);
  await text.fill('UPDATE;u6;vip;0\nUPDATE;u7;vip;0');
  await lineOf(page, 7).getByText('one record was expected, got 2').waitFor();
  await text.fill('UPDATE;u6;vip;0');
  await picture('fix-in-place');
  await assertAccessible(page, 'the correction of lines');
  await page.getByRole('button', { name: 'Send 2 lines' }).click();
  await page.getByText('5 failed, 2 repaired by #2, 2 repaired by #3', { exact: true }).waitFor();
  for (const user of ['u2', 'u3', 'u4', 'u6'])
    assert.equal((await membershipsOf(service, `user_account_id=${user}`))?.length, 1, user);
  assert.equal(await membershipsOf(service, 'user_account_id=u5'), null);
  // what was changed and not sent is still there, whatever was looked at meanwhile
  await page.getByLabel('Lines with the code').selectOption('INVALID_EXPIRATION');
  await page.getByText('0 of 1 line ready to be sent.').waitFor();
  assert.equal(await lineOf(page, 6).getByLabel('expiration_duration').inputValue(), '10080');
  assert.equal(await lineOf(page, 5).count(), 0);
  await page.evaluate('scrollTo(0, 0)');
  await picture('corrections');
});

test('lines of NDJSON are corrected as texts, also those that were no JSON and those of a Parquet file', async (t) => {
  const service = await open(t);
  const command = (user: string) =>
    `{"operation":"UPDATE","user_account_id":"${user}","segment_technical_name":"vip","expiration_duration":0}`;
  const ndjson = await runFile(
    service,
    'NDJSON',
    `${command('u1').slice(0, -1)}\n${command('u2').replace('vip', 'vpi')}\n`,
  );
  const { page } = await openConsole(t, service, { path: pageOf(ndjson) });
  await page.getByRole('button', { name: 'Fix failed lines' }).click();
  const broken = lineOf(page, 1).getByLabel('Text of Line 1');
  assert.equal(await broken.inputValue(), command('u1').slice(0, -1));
  await broken.fill(command('u1'));
  await lineOf(page, 2).getByLabel('Text of Line 2').fill(command('u2').replace('{', '{\n  '));
  await page.getByRole('button', { name: 'Send 2 lines' }).click();
  await page.getByText('2 failed, 2 repaired by #2', { exact: true }).waitFor();
  assert.equal((await membershipsOf(service, 'user_account_id=u1'))?.length, 1);

  const sql = rowsSql([
    {
      operation: "'UPDATE'",
      user_account_id: "'p1'",
      segment_technical_name: "'vpi'",
      expiration_duration: '0',
    },
  ]);
  const parquet = await runFile(service, 'PARQUET', await parquetOf(sql));
  await page.goto(pageOf(parquet));
  await page.getByRole('button', { name: 'Fix these lines' }).click();
  const row = lineOf(page, 1).getByLabel('Text of Line 1');
  await row.fill((await row.inputValue()).replace('vpi', 'vip'));
  await page.getByRole('button', { name: 'Send 1 line' }).click();
  await page.getByText(/^1 failed, 1 repaired by #\d+$/).waitFor();
  assert.equal((await membershipsOf(service, 'user_account_id=p1'))?.length, 1);
});

test('rows of a mapped file are corrected in its own columns and words', async (t) => {
  const service = await open(t);
  const mapping = {
    columns: { Segment: 'segment_technical_name', Op: 'operation', Days: 'expiration_duration' },
    values: { operation: { add: 'UPDATE' } },
    formats: { Days: 'days' },
    hash: { Email: 'sha256' },
  };
  const documentImportId = await createImport(service, { format: 'CSV', mapping });
  const body = 'Email;Segment;Op;Days\nada@example.com;vpi;add;0\nnobody;vip;add;0\n';
  const first = await runFile(service, 'CSV', body, { documentImportId });
  assert.equal(first.erroneous_tasks, 2);
  const { page } = await openConsole(t, service, { path: pageOf(first) });
  await page.getByRole('button', { name: 'Fix failed lines' }).click();
  assert.match(await lineOf(page, 2).getByLabel('Email').inputValue(), /^[0-9a-f]{64}$/);
  await lineOf(page, 2).getByLabel('Segment').fill('vip');
  await lineOf(page, 3).getByText('INVALID_ADDRESS').waitFor();
  await lineOf(page, 3).getByLabel('Email').fill('grace@example.com');
  await page.getByRole('button', { name: 'Send 2 lines' }).click();
  await page.getByText('2 failed, 2 repaired by #2', { exact: true }).waitFor();
});

test('a list of users is corrected too', async (t) => {
  const service = await startService(t);
  const segment = await createSegment(service, { name: 'VIP' });
  const lists = `/v1/datamarts/1/audience_segments/${segment}/user_list_imports`;
  const csv = { 'content-type': 'text/csv' };
  const body = 'user_account_id,expiration_duration\na,7d\n';
  const sent = await dataOf<ExecutionAnswer>(service.call('POST', lists, body, csv));
  const { page } = await openConsole(t, service, {
    path: `/datamarts/1/segments/${segment}/user_lists/${sent.id}`,
  });
  await page.getByRole('button', { name: 'Fix failed lines' }).click();
  await lineOf(page, 2).getByLabel('expiration_duration').fill('60');
  await page.getByRole('button', { name: 'Send 1 line' }).click();
  await page.getByText('1 failed, 1 repaired by #2', { exact: true }).waitFor();
});

test('of many failed lines the first are edited in the page, and all by download and upload', async (t) => {
  const service = await open(t);
  const rows = Array.from({ length: 150 }, (_, at) => `UPDATE;u${at};vpi;0`);
  const first = await runFile(service, 'CSV', [HEADER, ...rows, ''].join('\n'));
  const { page } = await openConsole(t, service, { path: pageOf(first) });
  await page.getByRole('button', { name: 'Fix failed lines' }).click();
  await page.getByText('Here are the first 100 of 150 lines.').waitFor();
  await page.getByText('0 of 100 lines ready to be sent.').waitFor();
  const errors = await downloaded(page, () =>
    page.getByRole('button', { name: 'Download error file' }).click(),
  );
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: 'Upload corrected file' }).click(),
  ]);
  const corrected = Buffer.from(errors.text.replaceAll(';vpi;', ';vip;'));
  await chooser.setFiles({ name: errors.name, mimeType: 'text/csv', buffer: corrected });
  await page.getByText('150 failed, 150 repaired by #2', { exact: true }).waitFor();

  // on a telephone every cell can be reached
  await page.setViewportSize({ width: 390, height: 844 });
  const box = (await lineOf(page, 2).getByLabel('expiration_duration').boundingBox()) ?? assert.fail();
  assert.ok(box.x >= 0 && box.x + box.width <= 390, JSON.stringify(box));
  assert.equal(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'), 0);
});

test('who may only read sees failed lines, more of them when asked, and corrects none', async (t) => {
  const service = await open(t);
  const rows = Array.from({ length: 12 }, (_, at) => `UPDATE;u${at};vpi;0`);
  const first = await runFile(service, 'CSV', [HEADER, ...rows, ''].join('\n'));
  const { value } = await dataOf<{ value: string }>(
    service.call('POST', '/v1/api_tokens', { name: 'looker', role: 'reader', datamart_ids: null }),
  );
  const { page } = await openConsole(t, service, { path: pageOf(first), token: value });
  await page.getByText('UPDATE;u4;vpi;0').waitFor();
  assert.equal(await page.getByText('UPDATE;u11;vpi;0').count(), 0);
  await page.getByRole('button', { name: 'Show more (7)' }).click();
  await page.getByText('UPDATE;u11;vpi;0').waitFor();
  assert.equal(await page.getByRole('button', { name: /^(Fix|Create|Resend)/ }).count(), 0);
});

test('lines are corrected by the keyboard alone, in French', async (t) => {
  const service = await open(t);
  const first = await runFile(service, 'CSV', [HEADER, 'UPDATE;u1;vpi;0', ''].join('\n'));
  const { page } = await openConsole(t, service, { path: pageOf(first), locale: 'fr-FR' });
  await page.getByRole('button', { name: 'Corriger les lignes en échec' }).focus();
  await page.keyboard.press('Enter');
  await page.getByLabel('segment_technical_name').focus();
  assert.deepEqual(await englishOn(page), []);
  await page.keyboard.press('Control+a');
  await page.keyboard.type('vip');
  await page.getByText('Sans erreur', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Envoyer 1 ligne' }).focus();
  await page.keyboard.press('Enter');
  await page.getByText('1 en échec, 1 réparée par #2', { exact: true }).waitFor();
  assert.deepEqual(await englishOn(page), []);
});
