import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createImport,
  createSegment,
  type ExecutionAnswer,
  getSegment,
  upload,
  waitForEnd,
} from '../client.ts';
import { startProcess } from '../process.ts';

const KILLS = 4;
const SENDERS = 8;
const LINES = 10;

test('of many small files none that was acknowledged is lost or applied twice', async (t) => {
  const service = await startProcess(t);
  const segmentId = await createSegment(service, { name: 'segment' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const acknowledged: ExecutionAnswer[] = [];
  let sent = 0;

  for (let kill = 0; kill < KILLS; kill++) {
    let isKilled = false;
    const senders = Array.from({ length: SENDERS }, async () => {
      while (!isKilled) {
        const body = fileOf(segmentId, sent++);
        const answer = upload(service, { datamartId: '1', documentImportId, format: 'NDJSON', body });
        const execution = await answer.catch((error: unknown) => {
          if (!isKilled) throw error;
        });
        if (execution) acknowledged.push(execution);
      }
    });
    const enough = acknowledged.length + SENDERS + Math.random() * 60;
    while (acknowledged.length < enough) await sleep(3);
    isKilled = true;
    await service.kill();
    await Promise.all(senders);
    await service.restart();
  }

  for (const execution of acknowledged) {
    const { status, result } = await waitForEnd(service, execution);
    assert.equal(status, 'SUCCEEDED');
    // each file has users of its own: a second time they would be updated, not created
    assert.deepEqual(
      [result.total_success, result.memberships_created, result.user_points_created],
      [LINES, LINES, LINES],
    );
  }
  // files that were cut off before their answer may have been taken or not, but only as a whole
  const { user_points_count } = await getSegment(service, segmentId);
  assert.equal(user_points_count % LINES, 0);
  assert.ok(user_points_count >= acknowledged.length * LINES && user_points_count <= sent * LINES);
});

function fileOf(segmentId: string, number: number): string {
  const lines = Array.from({ length: LINES }, (_, line) => ({
    operation: 'UPDATE',
    user_account_id: `${number}-${line}`,
    segment_id: segmentId,
    expiration_duration: 0,
  }));
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}
