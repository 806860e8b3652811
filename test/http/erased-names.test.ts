import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createImport, createSegment, dataOf, type ExecutionAnswer, waitForEnd } from '../client.ts';
import { startService } from '../helper.ts';

test('an erasure takes identifiers out of the names of files, and no store has keys of uploads in clear', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 's' });
  const importId = await createImport(service, { format: 'NDJSON' });
  const executions = `/v1/datamarts/1/document_imports/${importId}/executions`;
  const upload = (fileName: string, key: string, user = 'kunde-4711') =>
    dataOf<ExecutionAnswer>(
      service.call(
        'POST',
        `${executions}?note=${key}`,
        `{"operation":"UPDATE","user_account_id":"${user}","segment_id":"${segmentId}","expiration_duration":0}\n{}\n`,
        {
          'content-type': 'application/x-ndjson',
          'content-disposition': `attachment; filename="${fileName}"`,
          'idempotency-key': key,
        },
      ),
    );
  const named = ['kunde-4711.ndjson', 'of kunde-4711_and kunde-4711.txt', 'kunde-47110.ndjson', 'all.ndjson'];
  for (const [i, name] of named.entries()) {
    const execution = await upload(name, `key-of-kunde-4711-${i}`);
    await waitForEnd(service, execution);
    const again = await upload(name, `key-of-kunde-4711-${i}`);
    assert.equal(again.id, execution.id, 'the same key gives the first execution again');
  }
  await dataOf(service.call('DELETE', '/v1/datamarts/1/user_points/user_account_id=kunde-4711'));
  const listed = await service.call('GET', executions);
  const names = (listed.json as { data: { result: { input_file_name: string } }[] }).data.map(
    ({ result }) => result.input_file_name,
  );
  assert.deepEqual(names.reverse(), [
    'erased.ndjson',
    'of erased_and erased.txt',
    'kunde-47110.ndjson',
    'all.ndjson',
  ]);
  // also after the erasure the same upload is the same
  const repeated = await upload('x.ndjson', 'key-of-kunde-4711-3');
  assert.equal(repeated.result.total_failure, 1);
  const after = await service.call('GET', executions);
  assert.equal((after.json as { total: number }).total, 4);

  await service.stop();
  if (service.config.store !== null) return;
  const folder = path.join(service.config.data, 'store');
  const files = (await readdir(folder, { withFileTypes: true })).filter((file) => file.isFile());
  const bytes = Buffer.concat(await Promise.all(files.map(({ name }) => readFile(path.join(folder, name)))));
  // what is looked for would be found
  assert.ok(bytes.includes('kunde-47110.ndjson'));
  assert.ok(!bytes.includes('key-of-'), 'the store has no key in clear');
});
