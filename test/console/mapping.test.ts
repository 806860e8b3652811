import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSegment, dataOf, membershipsOf } from '../client.ts';
import { startService } from '../helper.ts';
import { drop, openConsole } from './browser.ts';

const CRM = [
  'Customer ID;Email;Segment;Op;Expires',
  'C-1;;vip;add;2090-12-31',
  ';ada@analytical.example;vip;add;never',
  'C-4;;vip;remove;',
  '',
].join('\n');

test('a new import gets its mapping from a sample file, as it is suggested or as it is chosen', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const { page, picture } = await openConsole(t, service, { path: '/datamarts/1/imports' });
  await page.getByRole('button', { name: 'New import' }).first().click();
  await page.getByLabel('Name').fill('CRM');
  await drop(page, { name: 'crm.csv', text: CRM });
  await page.getByText('“Email” holds addresses in 1 of 3 rows: hashed as email_hash').waitFor();
  const email = page.getByLabel('What Email becomes');
  assert.equal(await email.inputValue(), 'email_hash#sha256');
  await page.getByText('The first 3 commands of the file: no mistakes.').waitFor();

  // a wrong choice shows at once what it would do
  await email.selectOption('');
  await page.getByText('MISSING_IDENTIFIER').waitFor();
  await email.selectOption('email_hash#sha256');
  await page.getByText('The first 3 commands of the file: no mistakes.').waitFor();
  await picture('mapping');

  // on a telephone each choice can be reached and told
  await page.setViewportSize({ width: 390, height: 800 });
  await email.scrollIntoViewIfNeeded();
  const box = await email.boundingBox();
  assert.ok(box !== null && box.x >= 0 && box.x + box.width <= 390, JSON.stringify(box));

  await page.getByRole('button', { name: 'Create import' }).click();
  await page.getByRole('heading', { name: 'CRM' }).waitFor();
  const [created] = await dataOf<{ mime_type: string; mapping: { hash: object; columns: object } }[]>(
    service.call('GET', '/v1/datamarts/1/document_imports'),
  );
  assert.equal(created?.mime_type, 'TEXT_CSV');
  assert.deepEqual(created?.mapping.hash, { Email: 'sha256' });

  // the file that it was made for goes in
  await drop(page, { name: 'crm.csv', text: CRM });
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByText('3 lines applied, 0 failed').waitFor();
  assert.equal((await membershipsOf(service, 'user_account_id=C-1'))?.length, 1);
});
