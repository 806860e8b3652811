import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { generate } from '../../bench/workload.ts';
import { hasEnded } from '../../src/model/execution.ts';
import {
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  errorFile,
  executionsPath,
  getExecution,
  membershipsOf,
  upload,
  waitForEnd,
} from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import type { ServiceProcess } from '../process.ts';
import { type Cluster, startCluster } from './cluster.ts';

async function clusterOf(
  t: TestContext,
  count: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Cluster> {
  const folder = await makeFolder();
  const cluster = await startCluster(folder, count, env);
  t.after(async () => {
    await cluster.close();
    await discardFolder(t, folder);
  });
  return cluster;
}

function fileOf(lines: number, segmentIds: readonly string[]): Buffer {
  const workload = { format: 'NDJSON', lines, users: 5_000, segmentIds, badPerMille: 10, seed: 7 } as const;
  return Buffer.from([...generate(workload)].join(''));
}

test('what one node is told any other knows, and runs', async (t) => {
  const { nodes } = await clusterOf(t, 2);
  const [one, other] = nodes as [ServiceProcess, ServiceProcess];
  const segmentId = await createSegment(one, { name: 'shared', technical_name: 'shared' });
  assert.equal(
    (await dataOf<{ technical_name: string }>(other.call('GET', `/v1/audience_segments/${segmentId}`)))
      .technical_name,
    'shared',
  );
  const documentImportId = await createImport(other, { format: 'NDJSON' });
  const of = { datamartId: '1', documentImportId, format: 'NDJSON' } as const;
  const body = `{"operation":"UPDATE","user_account_id":"a","segment_id":"${segmentId}","expiration_ts":0}\n`;
  const execution = await upload(one, { ...of, body });
  // followed at the node that did not take it
  const events = await fetch(
    `${other.baseUrl}${executionsPath({ datamartId: '1', documentImportId })}/${execution.id}/events`,
    {
      headers: { authorization: other.token },
    },
  );
  assert.match(await events.text(), /event: end\n/);
  assert.equal((await getExecution(other, execution)).status, 'SUCCEEDED');
  for (const node of nodes)
    assert.deepEqual(
      (await membershipsOf(node, 'user_account_id=a'))?.map(({ segment_id }) => segment_id),
      [segmentId],
    );
  // a segment that is paused at one node takes nothing at the other
  await dataOf(one.call('PUT', `/v1/audience_segments/${segmentId}`, { paused: true }));
  const refused = await waitForEnd(other, await upload(other, { ...of, body }));
  assert.equal(refused.result.total_failure, 1);
});

test('an execution whose node is killed goes on at another within seconds, exactly', async (t) => {
  const { nodes, client } = await clusterOf(t, 2, {
    MUSTER_CHUNK_ROWS: '1000',
    MUSTER_PARALLEL_EXECUTIONS: '1',
  });
  const segmentIds = await Promise.all([1, 2, 3].map((i) => createSegment(client, { name: `segment ${i}` })));
  const documentImportId = await createImport(client, { format: 'NDJSON' });
  const of = { datamartId: '1', documentImportId, format: 'NDJSON' } as const;
  const body = fileOf(15_000, segmentIds);
  const [one, other] = nodes as [ServiceProcess, ServiceProcess];
  // only one of them is there when the file comes
  await other.kill();
  const execution = await upload(one, { ...of, body });
  await untilRunning(one, execution, 3_000);
  await one.kill();
  const killedAt = Date.now();
  await other.restart();
  const before = await getExecution(other, execution);
  assert.equal(before.status, 'RUNNING');
  await until('it goes on', async () => {
    const now = await getExecution(other, execution);
    return Number(now.completed_tasks) > Number(before.completed_tasks);
  });
  const tookMs = Date.now() - killedAt;
  assert.ok(tookMs < 30_000, `it went on after ${tookMs} ms`);
  const disturbed = await waitForEnd(other, execution);
  await one.restart();

  // the same file in a datamart that nobody disturbs
  const again = await waitForEnd(one, await upload(one, { ...of, body }));
  assert.equal(disturbed.status, 'SUCCEEDED');
  assert.equal(disturbed.result.total_success, again.result.total_success);
  assert.deepEqual(disturbed.result.failures_by_code, again.result.failures_by_code);
  assert.equal(await errorFile(one, disturbed), await errorFile(one, again));
  const { memberships_created, memberships_updated, memberships_deleted, unchanged, superseded } =
    disturbed.result;
  assert.ok(memberships_created > 0);
  assert.ok(memberships_created + memberships_updated + memberships_deleted + unchanged + superseded > 0);
  const checks = await dataOf<{ checks: { name: string; violations: number }[] }>(
    one.call('GET', '/v1/check'),
  );
  assert.deepEqual(
    checks.checks.filter(({ violations }) => violations > 0),
    [],
  );
});

test('the database crashes and restarts in the middle: nothing is lost and nothing done twice', async (t) => {
  const { nodes, client, postgres } = await clusterOf(t, 1, { MUSTER_CHUNK_ROWS: '1000' });
  const segmentIds = await Promise.all([1, 2].map((i) => createSegment(client, { name: `segment ${i}` })));
  const documentImportId = await createImport(client, { format: 'NDJSON' });
  const of = { datamartId: '1', documentImportId, format: 'NDJSON' } as const;
  const body = fileOf(12_000, segmentIds);
  const [node] = nodes as [ServiceProcess];
  const execution = await upload(node, { ...of, body });
  for (const [signal, commands] of [
    ['SIGQUIT', 3_000],
    ['SIGINT', 7_000],
  ] as const) {
    await untilRunning(node, execution, commands);
    await postgres.restart(signal);
  }
  const disturbed = await waitForEnd(client, execution);
  assert.equal(disturbed.status, 'SUCCEEDED', JSON.stringify(disturbed.error));
  assert.equal(node.signal(), null, 'the node did not end');
  const { memberships_created, memberships_updated, memberships_deleted, unchanged, superseded } =
    disturbed.result;
  const again = await waitForEnd(client, await upload(node, { ...of, body }));
  assert.equal(await errorFile(node, disturbed), await errorFile(node, again));
  assert.equal(
    memberships_created + memberships_updated + memberships_deleted + unchanged + superseded,
    disturbed.result.total_success,
  );
});

async function untilRunning(
  client: ServiceProcess,
  execution: ExecutionAnswer,
  commands: number,
): Promise<void> {
  await until(`${commands} commands are applied`, async () => {
    const now = await getExecution(client, execution).catch(() => null);
    if (now === null) return false;
    assert.ok(!hasEnded(now.status), 'it ended before it could be disturbed');
    return Number(now.completed_tasks) >= commands;
  });
}

async function until(what: string, asked: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await asked()); await sleep(20))
    assert.ok(Date.now() < deadline, `${what}: not so after ${timeoutMs} ms`);
}

test('a database that is away is told of, and is used again when it is back', async (t) => {
  const { nodes, postgres } = await clusterOf(t, 1);
  const [node] = nodes as [ServiceProcess];
  const ready = async () => (await fetch(`${node.baseUrl}/health/ready`)).status;
  assert.equal(await ready(), 200);
  const back = await postgres.stopFor();
  await until('it is not ready', async () => (await ready()) === 503);
  const refused = await node.call('GET', '/v1/datamarts/1');
  assert.equal(refused.status, 503, refused.text);
  assert.match(refused.text, /"error_code":"NOT_READY"/);
  await back();
  await until('it is ready', async () => (await ready()) === 200);
  assert.equal((await node.call('GET', '/v1/datamarts/1')).status, 200);
});
