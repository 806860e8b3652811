import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { generate } from '../../bench/workload.ts';
import { createImport, createSegment, errorFile, getSegment, metric, upload, waitForEnd } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { testStore } from '../postgres.ts';
import { serve } from '../process.ts';

const LINES = 30_000;
const END_TIMEOUT_MS = 60_000;

test('an import goes on when the thread that parses it dies, and ends as an undisturbed one', async (t) => {
  const undisturbed = await run(t, '');
  assert.doesNotMatch(undisturbed.log, /met a fault/);
  for (const point of ['parse-thread-dies:1', 'parse-thread-dies:6']) {
    const { log, ...outcome } = await run(t, point);
    assert.match(log, /the thread that parses files died/);
    assert.equal(log.match(/execution met a fault and is tried again/g)?.length, 1, log);
    assert.deepEqual({ ...outcome, log: undisturbed.log }, undisturbed);
  }
});

test('a trap of the reader of plain lines costs nothing but time, and is logged and counted', async (t) => {
  const undisturbed = await run(t, '');
  for (const point of ['plain-reader-traps:1', 'plain-reader-traps:100']) {
    const { log, traps, ...outcome } = await run(t, point);
    assert.equal(log.match(/the reference parser reads the same lines/g)?.length, 1, log);
    assert.match(log, /unreachable/);
    assert.equal(traps, 1);
    assert.deepEqual({ ...outcome, log: undisturbed.log, traps: 0 }, undisturbed);
  }
});

/** Imports a file in a service of its own. */
async function run(t: TestContext, point: string) {
  const folder = await makeFolder();
  const store = await testStore(folder);
  const file = path.join(folder, 'log');
  const service = await serve(
    folder,
    {
      ...{ MUSTER_FAULT_POINT: point, MUSTER_RETRY_MS: '50', MUSTER_CHUNK_ROWS: '10000' },
      ...(store === null ? {} : { MUSTER_STORE: store }),
    },
    { log: file },
  );
  t.after(async () => {
    await service.kill();
    await discardFolder(t, folder);
  });
  const segmentId = await createSegment(service, { name: 'segment' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const shares = { badPerMille: 20, repeatedPerMille: 100 };
  const workload = {
    format: 'NDJSON',
    lines: LINES,
    users: LINES,
    segmentIds: [segmentId],
    seed: 3,
  } as const;
  const body = [...generate({ ...workload, ...shares })].join('');
  const sent = await upload(service, { datamartId: '1', documentImportId, format: 'NDJSON', body });
  const { status, result, completed_tasks } = await waitForEnd(service, sent, END_TIMEOUT_MS);
  assert.equal(status, 'SUCCEEDED');
  const errors = await errorFile(service, sent);
  const { user_points_count } = await getSegment(service, segmentId);
  assert.equal((await service.call('GET', '/health/ready')).status, 200);
  const traps = await metric(service, 'muster_reader_traps_total');
  return {
    status,
    result,
    completed_tasks,
    errors,
    user_points_count,
    traps,
    log: readFileSync(file, 'utf8'),
  };
}
