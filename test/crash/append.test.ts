import assert from 'node:assert/strict';
import test from 'node:test';
import { generate, userId } from '../../bench/workload.ts';
import {
  createImport,
  createSegment,
  getExecution,
  getSegment,
  membershipsOf,
  upload,
  waitForEnd,
} from '../client.ts';
import { startProcess } from '../process.ts';

/** Each chunk fills a row group, so that the recent rows are due after the 12th. */
const CHUNK_ROWS = '61440';
const USERS = 61_440 * 14;
const END_TIMEOUT_MS = 60_000;

test('a file goes on from its last chunk when the process ends while recent rows are appended', async (t) => {
  const service = await startProcess(t, {
    MUSTER_CHUNK_ROWS: CHUNK_ROWS,
    MUSTER_FAULT_POINT: 'compaction-step:1',
  });
  const segmentId = await createSegment(service, { name: 'segment' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const shares = { badPerMille: 0, deletePerMille: 0, repeatedPerMille: 0 };
  const file = { format: 'NDJSON', lines: USERS, users: USERS, segmentIds: [segmentId], seed: 1 } as const;
  const body = [...generate({ ...file, ...shares })].join('');
  const execution = await upload(service, { datamartId: '1', documentImportId, format: 'NDJSON', body });
  await service.end(END_TIMEOUT_MS);
  assert.equal(service.signal(), 'SIGKILL');

  // the first table is appended now, and the second one not
  await service.restart({ MUSTER_FAULT_POINT: 'compaction-step:2' });
  const resumed = await getExecution(service, execution);
  assert.ok((resumed.completed_tasks ?? 0) >= 12 * 61_440, `${resumed.completed_tasks} lines were merged`);
  await service.end(END_TIMEOUT_MS);
  assert.equal(service.signal(), 'SIGKILL');

  await service.restart({ MUSTER_FAULT_POINT: '' });
  const { status, result } = await waitForEnd(service, execution, END_TIMEOUT_MS);
  assert.equal(status, 'SUCCEEDED');
  assert.equal(result?.memberships_created, USERS);
  assert.equal(result?.user_points_created, USERS);
  assert.equal((await getSegment(service, segmentId)).user_points_count, USERS);
  for (const number of [0, 1, USERS / 2, USERS - 1]) {
    const memberships = await membershipsOf(service, `user_account_id=${userId(number)}`);
    assert.equal(memberships?.length, 1, userId(number));
  }
});
