import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createImport, createSegment, dataOf } from '../client.ts';
import { startService } from '../helper.ts';
import { parquetOf } from '../parquet.ts';
import { rawZstd } from '../zstd-samples.ts';
import { openConsole } from './browser.ts';

const NDJSON =
  '{"operation":"UPDATE","user_account_id":"1","segment_technical_name":"vip","expiration_duration":0}\n';
const CSV = 'operation,user_account_id,segment_technical_name,expiration_duration\nUPDATE,1,vip,0\n';

test('the console says what a file is, and offers nothing for one that would be refused', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const ids = {
    NDJSON: await createImport(service, { format: 'NDJSON' }),
    CSV: await createImport(service, { format: 'CSV' }),
    PARQUET: await createImport(service, { format: 'PARQUET' }),
  };
  const { page } = await openConsole(t, service, { path: `/datamarts/1/imports/${ids.NDJSON}` });
  let files = 0;
  /** Chooses a file; its card. */
  const choose = async (name: string, content: string | Uint8Array) => {
    const unique = `${++files}-${name}`;
    const buffer = Buffer.from(content);
    await page.locator('input[type=file]').setInputFiles({ name: unique, mimeType: 'text/plain', buffer });
    return page.getByRole('region', { name: `Upload of ${unique}` });
  };
  const refuses = async (name: string, content: string | Uint8Array, says: RegExp) => {
    const card = await choose(name, content);
    assert.match((await card.getByRole('alert').textContent()) ?? '', says);
    for (const button of ['Import', 'Dry run'])
      assert.ok(await card.getByRole('button', { name: button, exact: true }).isDisabled(), name);
    await card.getByRole('button', { name: /^Dismiss/ }).click();
  };
  await refuses('day.csv', CSV, /NDJSON \(application\/x-ndjson\).*CSV \(text\/csv\)/);
  await refuses('day.ndjson', gzipSync(CSV), /NDJSON \(application\/x-ndjson\).*CSV \(text\/csv\)/);
  await refuses('book.ndjson', 'PK\x03\x04\x14\0xl/workbook.xml', /an Excel workbook.*CSV UTF-8/);
  await refuses('wide.ndjson', Buffer.from(NDJSON, 'utf16le'), /UTF-16/);
  await refuses('marked.ndjson', Buffer.from(`\ufeff${NDJSON}`, 'utf16le'), /UTF-16/);
  await refuses('page.ndjson', '<html><body>Sign in</body></html>', /an HTML page/);
  await refuses('array.ndjson', `[${NDJSON}]`, /a JSON array/);
  await refuses('blank.ndjson', '\ufeff\n\n', /nothing but blanks/);

  const imports = async (name: string, content: Uint8Array, previewed: RegExp) => {
    const card = await choose(name, content);
    await card.getByText(previewed).waitFor();
    await card.getByRole('button', { name: 'Import', exact: true }).click();
    await card.getByText('1 line applied, 0 failed').waitFor();
  };
  await imports('no-ending', gzipSync(NDJSON), /All 1 command: no mistakes/);
  await imports('twice.ndjson.gz', gzipSync(gzipSync(NDJSON)), /All 1 command: no mistakes/);
  await imports('plain.gz', Buffer.from(NDJSON), /All 1 command: no mistakes/);
  await imports('zstd.ndjson', rawZstd(Buffer.from(NDJSON)), /cannot decompress/);
  const taken = await dataOf<{ result: { input_file_name: string } }[]>(
    service.call('GET', `/v1/datamarts/1/document_imports/${ids.NDJSON}/executions`),
  );
  assert.ok(taken.every(({ result }) => !result.input_file_name.endsWith('.gz')));

  await page.goto(`/datamarts/1/imports/${ids.CSV}`);
  await refuses('lines.csv', NDJSON, /CSV \(text\/csv\).*NDJSON \(application\/x-ndjson\)/);
  await refuses('glued.csv', CSV.replaceAll('\n', ''), /expiration_durationUPDATE/);
  const header = await choose('night.csv', CSV.slice(0, CSV.indexOf('\n') + 1));
  await header.getByText('The file has no commands').waitFor();

  await page.goto(`/datamarts/1/imports/${ids.PARQUET}`);
  const parquet = await parquetOf(
    `select 'UPDATE' as operation, 'p' as user_account_id, 'vip' as segment_technical_name, 0 as expiration_duration`,
  );
  await imports('part-0.parquet', parquet, /no preview of a Parquet file/);
  await imports('failed.ndjson', Buffer.from(NDJSON), /All 1 command: no mistakes/);
  await refuses('day.csv', CSV, /Parquet.*CSV \(text\/csv\)/);
});
