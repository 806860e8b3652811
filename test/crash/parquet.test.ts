import assert from 'node:assert/strict';
import { readdir, readlink } from 'node:fs/promises';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createImport,
  createSegment,
  errorFile,
  getExecution,
  getSegment,
  upload,
  waitForEnd,
} from '../client.ts';
import { parquetOf } from '../parquet.ts';
import { type ServiceProcess, startProcess } from '../process.ts';

const ROWS = 40_000;
const KILLS = 3;
const END_TIMEOUT_MS = 120_000;

/** Every hundredth row fails; a user comes twice. */
const file = (segmentId: string) =>
  parquetOf(
    `select if(i % 100 = 7, 'ADD', 'UPDATE') as operation, 'u' || (i % 30000) as user_account_id,
       ${segmentId} as segment_id, timestamp '2035-01-01' as expiration_ts from range(${ROWS}) r(i) order by i`,
    'row_group_size 8192',
  );

test('the import of a Parquet file goes on after kills, and ends as an undisturbed one', async (t) => {
  const undisturbed = await run(t, async () => 0);
  assert.equal(undisturbed.status, 'SUCCEEDED');
  assert.equal(undisturbed.total_failure, ROWS / 100);
  let inTheMiddle = 0;
  const killed = await run(t, async (service, commandsNow) => {
    for (let kill = 1; kill <= KILLS; kill++) {
      const wanted = (kill * ROWS) / (KILLS + 1);
      for (let now = 0; now < wanted; now = await commandsNow()) await sleep(2);
      if ((await commandsNow()) < ROWS) inTheMiddle += 1;
      await service.kill();
      await service.restart();
    }
  });
  assert.ok(inTheMiddle >= 2, `killed in the middle ${inTheMiddle} times`);
  assert.deepEqual(killed, undisturbed);
});

async function run(
  t: TestContext,
  disturb: (service: ServiceProcess, commandsNow: () => Promise<number>) => Promise<unknown>,
) {
  const service = await startProcess(t, { MUSTER_CHUNK_ROWS: '1000' });
  const segmentId = await createSegment(service, { name: 'segment' });
  const documentImportId = await createImport(service, { format: 'PARQUET' });
  const body = await file(segmentId);
  const sent = await upload(service, { datamartId: '1', documentImportId, format: 'PARQUET', body });
  await disturb(service, async () => (await getExecution(service, sent)).completed_tasks ?? 0);
  const { status, result } = await waitForEnd(service, sent, END_TIMEOUT_MS);
  const { total_success, total_failure, memberships_created, memberships_updated, superseded, unchanged } =
    result;
  return {
    ...{ status, total_success, total_failure, failures: result.failures_by_code, memberships_created },
    // a user who comes again is updated or left as they were, by the same chunks
    again: memberships_updated + superseded + unchanged,
    errors: await errorFile(service, sent),
    members: (await getSegment(service, segmentId)).user_points_count,
  };
}

test('a kill while a Parquet file is read leaves no reader and no execution, and the file can be sent again', async (t) => {
  const service = await startProcess(t, { MUSTER_FAULT_POINT: 'upload-half-written:1' });
  const segmentId = await createSegment(service, { name: 'segment' });
  const documentImportId = await createImport(service, { format: 'PARQUET' });
  const body = await file(segmentId);
  const send = () => upload(service, { datamartId: '1', documentImportId, format: 'PARQUET', body });
  await assert.rejects(send());
  await service.exited();
  // a reader ends when its service is gone
  for (let tries = 0; (await readersOf(service.data)).length > 0; tries++) {
    assert.ok(tries < 200, 'a reader is still there');
    await sleep(25);
  }
  await service.restart({ MUSTER_FAULT_POINT: '' });
  const { status, result } = await waitForEnd(service, await send(), END_TIMEOUT_MS);
  assert.deepEqual([status, result.total_success], ['SUCCEEDED', ROWS - ROWS / 100]);
});

/** Processes that hold a file open that lay under a folder, by their ids. */
async function readersOf(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) continue;
    for (const fd of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const target = await readlink(`/proc/${pid}/fd/${fd}`).catch(() => '');
      if (target.startsWith(folder)) found.push(pid);
    }
  }
  return found;
}
