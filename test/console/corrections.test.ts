import { test } from 'node:test';
import { createImport, createSegment, runFile } from '../client.ts';
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
  await page.getByText(`3 lines repaired of run ${id}`).waitFor();
  await page.getByRole('link', { name: `run ${id}` }).click();
  await page.getByText(/^3 failed lines repaired by run \d+$/).waitFor();
  await names.getByRole('link', { name: 'There is such a segment now' }).first().waitFor();
});
