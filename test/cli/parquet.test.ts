import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createImport, createSegment, dataOf, getSegment } from '../client.ts';
import { parquetOf } from '../parquet.ts';
import { startMuster } from './run.ts';

const part = (from: number, operation = 'UPDATE') =>
  parquetOf(
    `select if(i % 10 = 9, '${operation}', 'UPDATE') as operation, 'u' || (i + ${from}) as user_account_id,
       'vip' as segment_technical_name, 0 as expiration_duration from range(20) r(i) order by i`,
  );

test('the CLI imports Parquet files, and their failed rows again', async (t) => {
  const { service, folder, run } = await startMuster(t);
  const vip = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const write = (name: string, content: string | Uint8Array) => writeFile(path.join(folder, name), content);
  await write('part-00000.snappy.parquet', await part(0));
  await write('part-00001.snappy.parquet', await part(100, 'ADD'));
  await write('no-ending', await part(200));

  const { code, stdout, stderr } = await run(
    'import',
    'part-00000.snappy.parquet',
    'part-00001.snappy.parquet',
  );
  assert.equal(code, 2, stderr);
  assert.match(stdout, /INVALID_OPERATION/);
  const imports = await dataOf<{ name: string; mime_type: string }[]>(
    service.call('GET', '/v1/datamarts/1/document_imports'),
  );
  assert.deepEqual(
    imports.map(({ name, mime_type }) => [name, mime_type]),
    [['muster-cli parquet', 'APPLICATION_PARQUET']],
  );
  assert.match((await run('imports')).stdout, /muster-cli parquet +parquet/);

  const errors = 'part-00001.snappy.parquet.errors.ndjson';
  const failed = await readFile(path.join(folder, errors), 'utf8');
  assert.equal(failed.trim().split('\n').length, 2);
  await write('corrected.ndjson', failed.replaceAll('"ADD"', '"UPDATE"'));
  const again = await run('import', '--import', 'muster-cli parquet', 'corrected.ndjson');
  assert.equal(again.code, 0, again.stderr);
  assert.equal((await run('import', 'no-ending')).code, 0);
  assert.equal((await getSegment(service, vip)).user_points_count, 60);

  await createImport(service, { format: 'NDJSON' });
  for (const [says, ...args] of [
    [/a Parquet file.*APPLICATION_PARQUET.*UNSUPPORTED_FILE/, '--import', 'test NDJSON', 'no-ending'],
    [
      /--format csv: document import \d+ .* takes parquet/,
      '--import',
      'muster-cli parquet',
      '--format',
      'csv',
      'no-ending',
    ],
    [/CSV or TSV, got Parquet/, '--segment', 'vip', 'no-ending'],
  ] as const) {
    const refused = await run('import', ...args);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, says);
  }
  await write('cut.parquet', (await part(300)).subarray(0, 200));
  const cut = await run('import', 'cut.parquet');
  assert.equal(cut.code, 1);
  assert.match(cut.stderr, /INVALID_PARQUET/);
});
