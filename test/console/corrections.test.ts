import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createImport, createSegment, membershipsOf, runFile } from '../client.ts';
import { startService } from '../helper.ts';
import { openConsole } from './browser.ts';

test('unknown segments are told by name, made with the failed lines, and the run says what was repaired', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'big_spenders' });
  const documentImportId = await createImport(service, { format: 'CSV' });
  const rows = [
    'UPDATE,a,spring,0',
    'UPDATE,b,big-spender,0',
    'UPDATE,c,spring,0',
    'UPDATE,d,big_spenders,0',
  ];
  const text = ['operation,user_account_id,segment_technical_name,expiration_duration', ...rows].join('\n');
  const { id } = await runFile(service, 'CSV', text, { documentImportId });
  const path = `/datamarts/1/imports/${documentImportId}/executions/${id}`;
  const { page, picture } = await openConsole(t, service, { path });
  const names = page.getByRole('table', { name: 'Unknown segments' });
  await names.getByRole('row', { name: 'spring 2' }).waitFor();
  await names.getByRole('row', { name: 'big-spender 1 Did you mean “big_spenders”?' }).waitFor();
  await picture('unknown-segments');
  await page.getByRole('button', { name: 'Create missing segments' }).click();
  const dialog = page.getByRole('dialog', { name: 'Create the missing segments?' });
  await dialog.getByRole('button', { name: 'Create missing segments' }).click();
  await page.getByText(`3 lines repaired of run #${id}`).waitFor();
  await page.getByRole('link', { name: `#${id}`, exact: true }).click();
  await page.getByText(/^3 failed, 3 repaired by #\d+$/).waitFor();
  await names.getByRole('link', { name: 'This segment now exists' }).first().waitFor();
});

test('one missing segment is made, and its lines alone are sent again from the page of their run', async (t) => {
  const service = await startService(t);
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const line = (user: string, segment: string) =>
    `{"operation":"UPDATE","user_account_id":"${user}","segment_technical_name":"${segment}","expiration_duration":0}\n`;
  const body = line('a', 'spring') + line('b', 'sprnig') + line('c', 'spring');
  const { id } = await runFile(service, 'NDJSON', body, { documentImportId });
  const path = `/datamarts/1/imports/${documentImportId}/executions/${id}`;
  const { page } = await openConsole(t, service, { path });
  await page.getByRole('button', { name: 'Create the segment spring' }).click();
  const dialog = page.getByRole('dialog', { name: 'New segment' });
  await dialog.getByRole('textbox', { name: 'Name', exact: true }).fill('Spring buyers');
  await dialog.getByRole('button', { name: 'Create segment' }).click();
  await page.getByRole('button', { name: 'Resend 2 lines' }).click();
  await page.getByText('2 lines applied, 0 failed').waitFor();
  await page.getByText(/^3 failed, 2 repaired by #\d+$/).waitFor();
  assert.equal((await membershipsOf(service, 'user_account_id=c'))?.length, 1);
  await page.getByRole('button', { name: 'Create the segment sprnig' }).waitFor();
});
