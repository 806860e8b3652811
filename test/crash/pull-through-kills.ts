import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { FaultPoint } from '../../src/fault-points.ts';
import { dataOf, getSegment } from '../client.ts';
import { startProcess } from '../process.ts';
import {
  executionsOf,
  filesOf,
  folderFor,
  getSource,
  nameOf,
  openImport,
  putSource,
  sourcePath,
  untilRun,
} from '../sources/source-world.ts';

/**
 * Where a pull can be ended, in the order in which a file passes: before, in and after the
 * transaction of its execution.
 */
export const POINTS: readonly FaultPoint[] = [
  'upload-half-written',
  'upload-synced',
  'source-file-received',
  'upload-kept',
  'execution-created',
  'source-file-taken',
  'source-file-put-away',
];
export const OF_PUTTING_AWAY: readonly FaultPoint[] = ['source-file-taken', 'source-file-put-away'];

/** Pulls two files for each point, is killed there, and looks at what there is afterwards. */
export async function pullThroughKills(
  t: TestContext,
  after: 'leave' | 'move' | 'delete',
  points: readonly FaultPoint[],
): Promise<void> {
  const folder = await folderFor(t);
  const env = { MUSTER_SOURCE_FOLDERS: folder, MUSTER_SOURCE_SETTLE_MS: '100' };
  const service = await startProcess(t, env);
  const { importId, segmentId, line } = await openImport(service);
  await putSource(service, importId, { kind: 'LOCAL', folder, after });
  const names: string[] = [];
  for (const [i, point] of points.entries()) {
    for (const each of ['a', 'b']) {
      names.push(`${i}${each}.ndjson`);
      await writeFile(path.join(folder, `${i}${each}.ndjson`), line(`${i}${each}`));
    }
    const before = (await getSource(service, importId)).last_run?.end_date ?? 0;
    await service.terminate();
    // at the first of two files, or at the second
    await service.restart({ MUSTER_FAULT_POINT: `${point}:${1 + (i % 2)}` });
    await dataOf(service.call('POST', `${sourcePath(importId)}/run`, {}));
    await service.end(20_000);
    assert.equal(service.signal(), 'SIGKILL', point);
    await service.restart();
    // what was broken off is done again by itself
    await untilRun(
      service,
      importId,
      ({ status, last_run }) => status === 'IDLE' && (last_run?.end_date ?? 0) > before,
    );
    const executions = await executionsOf(service, importId);
    assert.deepEqual(executions.map(nameOf), names, point);
  }
  const executions = await executionsOf(service, importId);
  const files = await filesOf(service, importId);
  assert.deepEqual(
    files.map(({ name, status, execution_id }) => [name, status, execution_id]),
    executions.map((execution) => [nameOf(execution), 'TAKEN', execution.id]),
  );
  assert.equal((await getSegment(service, segmentId)).user_points_count, names.length);
  const left = (await readdir(folder)).sort();
  assert.deepEqual(left, after === 'leave' ? names : after === 'delete' ? [] : ['taken']);
  if (after === 'move')
    assert.deepEqual(
      (await readdir(path.join(folder, 'taken'))).sort(),
      executions.map((execution) => `${execution.id}-${nameOf(execution)}`).sort(),
    );
  const check = await dataOf<{ violations: number }>(service.call('GET', '/v1/check'));
  assert.equal(check.violations, 0);
}
