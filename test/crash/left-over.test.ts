import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createImport, createSegment, executionsPath, upload } from '../client.ts';
import { startProcess } from '../process.ts';

const MOST_SWEEP_MS = 10_000;
const LINE = '{"operation":"UPDATE","user_account_id":"u1","segment_id":"1","expiration_duration":0}\n';

for (const [point, left] of [
  ['upload-half-written', 'incoming'],
  ['upload-synced', 'incoming'],
  ['upload-kept', 'kept'],
] as const) {
  test(`what an upload leaves that is killed at ${point} is swept when it is a day old`, async (t) => {
    const service = await startProcess(t, { MUSTER_FAULT_POINT: point });
    await createSegment(service, { name: 'segment' });
    const documentImportId = await createImport(service, { format: 'NDJSON' });
    const of = { datamartId: '1', documentImportId };
    await assert.rejects(upload(service, { ...of, format: 'NDJSON', body: LINE }), TypeError);
    await service.end(MOST_SWEEP_MS);
    const list = (folder: string) => readdir(path.join(service.data, 'documents', folder));
    const [name = '', ...more] = await list(left);
    assert.deepEqual([name !== '', more], [true, []], 'there is something to sweep');
    const spill = path.join(service.data, 'store/spill');
    await mkdir(spill, { recursive: true });
    await writeFile(path.join(spill, 'duckdb_temp_storage_DEFAULT-0.tmp'), 'left over');

    await service.restart({ MUSTER_FAULT_POINT: '' });
    assert.ok(!existsSync(spill), 'what the database could not hold in memory is gone');
    await service.call('GET', '/v1/datamarts');
    assert.deepEqual(await list(left), [name], 'it may be what another process has under way');
    await service.terminate();
    const twoDaysAgo = Date.now() / 1000 - 2 * 86_400;
    await utimes(path.join(service.data, 'documents', left, name), twoDaysAgo, twoDaysAgo);
    await service.restart({ MUSTER_FAULT_POINT: '' });
    for (let waited = 0; (await list('kept')).length + (await list('incoming')).length > 0; waited += 20) {
      assert.ok(waited < MOST_SWEEP_MS, 'the files of the upload are swept');
      await sleep(20);
    }
    const { json } = await service.call('GET', executionsPath(of));
    assert.equal((json as { total: number }).total, 0);
  });
}
