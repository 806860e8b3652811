import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createImport, createSegment } from '../client.ts';
import { startService } from '../helper.ts';
import { drop, openConsole } from './browser.ts';

const ODD = [
  'operation,user_account_id,email_hash,segment_technical_name,expiration_duration,e-mail',
  'UPDATE,u1,,vip,0,',
  'UPDATE,"u2\t ",,vip,0,',
  'UPDATE,jane.doe@example.com,,vip,0,',
  'UPDATE,,ABCDEF0123456789,vip,0,',
  '',
].join('\n');

test('what is odd about a file is seen before it is sent, with its blanks, and afterwards', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const id = await createImport(service, { format: 'CSV' });
  const { page, picture } = await openConsole(t, service, { path: `/datamarts/1/imports/${id}` });
  await drop(page, { name: 'odd.csv', text: ODD });
  await page.getByText('All 4 commands: no mistakes.').waitFor();
  const codes = ['UNKNOWN_FIELD', 'LOOKS_LIKE_EMAIL', 'SURROUNDING_BLANKS', 'HASH_IN_CAPITALS'];
  for (const code of codes) await page.getByText(`${code} 1`).waitFor();
  const warnings = page.getByRole('table', { name: 'Warnings' });
  await warnings.getByText('u2⇥␣').waitFor();
  await warnings.getByText('did you mean email_hash?').waitFor();
  assert.equal(await page.getByText('jane.doe').count(), 0, 'an address is not shown');
  await picture('odd-csv');

  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await page.getByText('4 lines applied, 0 failed').waitFor();
  await page.getByRole('link', { name: 'Details' }).click();
  for (const code of codes) await page.getByText(`${code} 1`).waitFor();
  await page.getByText('user_account_id ends in a blank').waitFor();
  assert.equal(await page.getByText('jane.doe').count(), 0, 'an address is not shown');
});
