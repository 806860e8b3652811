import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { start, untilPrinted } from './cli/run.ts';
import {
  ADMIN_TOKEN,
  type Client,
  clientOf,
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  executionsPath,
  getExecution,
  getSegment,
  metric,
  upload,
} from './client.ts';
import { discardFolder, makeFolder } from './folder.ts';
import { startService } from './helper.ts';

/** Four chunks. */
const LINES = 400;
const CHUNK_ROWS = 100;
/** No look-up is as quick. */
const NEVER_MS = 0.001;

type Line = Readonly<Record<string, unknown>> & { readonly msg: string };
type Waiting = { readonly reason: string; readonly since: number } | null;
type Running = { readonly step: string | null; readonly waiting: Waiting };

/** An import of so many lines, beside look-ups, and what is seen of it until it has ended. */
async function runBesideLookUps(
  client: Client,
  onSeen: (seen: Running) => Promise<void> = async () => {},
  lines = LINES,
) {
  const segment = await createSegment(client, { name: 'held back' });
  const documentImportId = await createImport(client, { format: 'NDJSON' });
  let isOver = false;
  const lookUps = (async () => {
    while (!isOver) {
      await client.call('GET', '/v1/datamarts/1/user_points/user_account_id=u1/user_segments');
      await sleep(5);
    }
  })();
  await sleep(200);
  const body = Array.from(
    { length: lines },
    (_, at) =>
      `{"operation":"UPDATE","user_account_id":"u${at}","segment_id":"${segment}","expiration_duration":0}\n`,
  ).join('');
  const of = { datamartId: '1', documentImportId, format: 'NDJSON', body } as const;
  const execution = await upload(client, of);
  const seen: Running[] = [];
  let now: ExecutionAnswer = execution;
  while (now.status === 'PENDING' || now.status === 'RUNNING') {
    now = await getExecution(client, execution);
    const { progress } = now as unknown as { progress?: Running };
    if (progress !== undefined) {
      seen.push(progress);
      await onSeen(progress);
    }
    await sleep(10);
  }
  isOver = true;
  await lookUps;
  return { ended: now, seen, segment };
}

test('an import pauses for slow look-ups, says so in progress, metrics and log, and SUCCEEDS', async (t) => {
  const data = await makeFolder();
  const started = start(['serve', '--data', data, '--port', '0'], {
    env: {
      MUSTER_ADMIN_TOKEN: ADMIN_TOKEN,
      MUSTER_LOOKUP_GOAL_MS: String(NEVER_MS),
      MUSTER_CHUNK_ROWS: String(CHUNK_ROWS),
    },
  });
  t.after(async () => {
    started.child.kill('SIGKILL');
    await started.ended;
    await discardFolder(t, data);
  });
  const [, url = ''] = await untilPrinted(started, /Muster listens on (\S+)/);
  const client = clientOf(url, ADMIN_TOKEN);
  let heldBack = 0;
  const { ended, seen, segment } = await runBesideLookUps(client, async ({ waiting }) => {
    if (waiting !== null) heldBack = Math.max(heldBack, await metric(client, 'muster_imports_held_back'));
  });
  assert.equal(ended.status, 'SUCCEEDED');
  assert.equal((await getSegment(client, segment)).user_points_count, LINES);
  const waits = seen.filter(({ step }) => step === 'WAITING');
  assert.ok(waits.length > 0, 'it is seen while it pauses');
  for (const { waiting } of waits) {
    assert.equal(waiting?.reason, 'LOOK_UPS');
    assert.ok((waiting?.since ?? 0) >= (ended.start_date ?? Number.POSITIVE_INFINITY));
  }
  assert.ok(new Set(waits.map(({ waiting }) => waiting?.since)).size > 1, 'between several chunks');
  assert.equal(heldBack, 1);
  assert.equal(await metric(client, 'muster_lookup_goal_seconds'), NEVER_MS / 1000);
  assert.ok((await metric(client, 'muster_lookup_p99_seconds')) > NEVER_MS / 1000);
  // 100, 200 and 400 ms at least
  const seconds = await metric(client, 'muster_import_held_back_seconds_total');
  assert.ok(seconds > 0.69, `${seconds} s`);
  started.child.kill('SIGTERM');
  const { stdout } = await started.ended;
  const lines = stdout
    .split('\n')
    .filter((text) => text.startsWith('{"level"'))
    .map((text) => JSON.parse(text) as Line);
  const begun = lines.filter(({ msg }) => msg === 'look-ups are slow: imports pause between chunks');
  assert.equal(begun.length, 1, 'one line, however many chunks');
  assert.equal(begun[0]?.goal_ms, NEVER_MS);
  assert.ok(Number(begun[0]?.p99_ms) > 0);
});

test('with lookupGoalMs 0 an import never pauses', async (t) => {
  const service = await startService(t, { lookupGoalMs: 0, chunkRows: CHUNK_ROWS });
  const before = await metric(service, 'muster_import_held_back_seconds_total');
  const { ended, seen } = await runBesideLookUps(service);
  assert.equal(ended.status, 'SUCCEEDED');
  assert.ok(seen.every(({ waiting }) => waiting === null));
  assert.equal(await metric(service, 'muster_import_held_back_seconds_total'), before);
  assert.ok((await metric(service, 'muster_lookup_p99_seconds')) > 0, 'it is measured all the same');
});

test('of an import that is canceled while it pauses nothing more is merged', async (t) => {
  const service = await startService(t, { lookupGoalMs: NEVER_MS, chunkRows: CHUNK_ROWS });
  let isCanceled = false;
  let applied = 0;
  const cancel = async ({ waiting }: Running) => {
    if (waiting === null || isCanceled) return;
    const [running] = await dataOf<ExecutionAnswer[]>(service.call('GET', '/v1/datamarts/1/executions'));
    applied = running?.completed_tasks ?? 0;
    if (running === undefined || applied < 4 * CHUNK_ROWS) return;
    // the pause after the fourth chunk is 1.6 s or longer
    const of = { datamartId: '1', documentImportId: String(running.parameters.document_import_id) };
    const path = `${executionsPath(of)}/${running.id}/action`;
    assert.equal((await service.call('POST', path, { action: 'CANCEL' })).status, 200);
    isCanceled = true;
  };
  const { ended, segment } = await runBesideLookUps(service, cancel, 2 * LINES);
  assert.ok(isCanceled);
  assert.equal(ended.status, 'CANCELED');
  assert.equal(ended.completed_tasks, applied);
  assert.equal((await getSegment(service, segment)).user_points_count, applied);
});
