import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultPoint } from '../../src/fault-points.ts';
import { type Client, dataOf, getSegment } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import type { ServiceProcess } from '../process.ts';
import {
  executionsOf,
  filesOf,
  getSource,
  nameOf,
  openImport,
  putSource,
  sourcePath,
  untilRun,
} from '../sources/source-world.ts';
import { startCluster } from './cluster.ts';

const FILES = 6;
/** Before, in and after the transaction that notes a file as taken. */
const POINTS: readonly FaultPoint[] = ['source-file-received', 'execution-created', 'source-file-put-away'];

test('two nodes with one source take each file once, also when the node that pulls is killed', async (t) => {
  const root = await makeFolder();
  const folder = path.join(root, 'in');
  await mkdir(folder);
  const cluster = await startCluster(root, 2, {
    MUSTER_SOURCE_FOLDERS: folder,
    MUSTER_SOURCE_SETTLE_MS: '100',
  });
  t.after(async () => {
    await cluster.close();
    await discardFolder(t, root);
  });
  const { client, nodes } = cluster;
  const { importId, segmentId, line } = await openImport(client);
  const source = { kind: 'LOCAL', folder, after: 'move' };
  await putSource(client, importId, { ...source, schedule: { interval: 1_000 } });
  const names: string[] = [];
  const drop = async (round: string) => {
    for (let i = 0; i < FILES; i++) {
      names.push(`${round}${i}.ndjson`);
      await writeFile(path.join(folder, `${round}${i}.ndjson`), line(`${round}${i}`));
    }
  };
  const requireEachOnce = async () => {
    await untilAllTaken(client, importId, names.length);
    const executions = await executionsOf(client, importId);
    assert.deepEqual(executions.map(nameOf).sort(), [...names].sort());
    assert.equal((await getSegment(client, segmentId)).user_points_count, names.length);
  };

  await drop('undisturbed-');
  // both are asked for a run at once, beside the schedule
  const asked = await Promise.all(nodes.map((node) => node.call('POST', `${sourcePath(importId)}/run`, {})));
  assert.ok(asked.some(({ status }) => status < 300));
  await requireEachOnce();

  for (const [i, point] of POINTS.entries()) {
    await putSource(client, importId, source);
    await untilRun(client, importId, ({ status }) => status === 'IDLE');
    await drop(`${point}-`);
    // whichever of them pulls ends in the middle of its files
    const [doomed, other] = (i % 2 === 0 ? nodes : [...nodes].reverse()) as [ServiceProcess, ServiceProcess];
    await other.terminate();
    await doomed.terminate();
    await doomed.restart({ MUSTER_FAULT_POINT: `${point}:3` });
    await dataOf(doomed.call('POST', `${sourcePath(importId)}/run`, {}));
    await other.restart();
    await doomed.end(60_000);
    assert.equal(doomed.signal(), 'SIGKILL', point);
    // the other one goes on when the lease of the run is over, while the first comes back
    await doomed.restart();
    await requireEachOnce();
  }
  const executions = await executionsOf(client, importId);
  const files = await filesOf(client, importId);
  assert.deepEqual(
    files.map(({ name, status, execution_id: id }) => `${name} ${status} ${id}`).sort(),
    executions.map((execution) => `${nameOf(execution)} TAKEN ${execution.id}`).sort(),
  );
  const taken = await readdir(path.join(folder, 'taken'));
  assert.deepEqual(
    taken.sort(),
    executions.map((execution) => `${execution.id}-${nameOf(execution)}`).sort(),
  );
  assert.deepEqual(await readdir(folder), ['taken']);
  assert.equal((await dataOf<{ violations: number }>(client.call('GET', '/v1/check'))).violations, 0);
});

/** Until so many files are taken and put away, and nothing pulls any more. */
async function untilAllTaken(client: Client, importId: string, count: number): Promise<void> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const { status } = await getSource(client, importId);
    const taken = await filesOf(client, importId);
    if (status === 'IDLE' && taken.length >= count) return;
    assert.ok(
      Date.now() < deadline,
      `${taken.length} of ${count} files are taken, and the source is ${status}`,
    );
    await sleep(100);
  }
}
