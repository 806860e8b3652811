import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../src/config.ts';
import { type ExecutionAnswer, getExecution, waitForEnd } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { startService, type TestService } from '../helper.ts';
import { refused } from '../http/refusals.ts';
import { serveRefused } from '../process.ts';
import { type Disk, mountDisk } from './disk.ts';
import { createWorld, type Sent, type World } from './world.ts';

const NDJSON = { 'content-type': 'application/x-ndjson' };
const MIB = 1024 * 1024;

/** A service on a small disk, which uploads may fill. */
async function setUp(
  t: TestContext,
  { mib, ...overrides }: Partial<Config> & { mib: number },
): Promise<{ disk: Disk; service: TestService; world: World } | null> {
  const disk = await mountDisk(t, mib);
  if (disk === null) return null;
  const data = path.join(disk.path, 'data');
  const service = await startService(t, { data, minFreeBytes: 0, retryMs: 200, ...overrides });
  disk.beforeUnmount(service.stop);
  return { disk, service, world: await createWorld(service) };
}

test('a disk that fills while a file comes in: 507, nothing is kept, and there is room for others', async (t) => {
  const set = await setUp(t, { mib: 16 });
  if (set === null) return;
  const { disk, service, world } = set;
  const first = await world.send(100);
  const executed = [{ sent: first, ended: await waitForEnd(service, first.execution) }];
  disk.fill(2 * MIB);
  const answer = await service.call('POST', world.path, world.nextFile(30_000), NDJSON);
  const text = await refused(Promise.resolve(answer), 507, 'INSUFFICIENT_STORAGE');
  assert.match(text, /no room left/);
  assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/);
  const documents = path.join(service.config.data, 'documents');
  assert.deepEqual(readdirSync(path.join(documents, 'incoming')), []);
  assert.equal(readdirSync(path.join(documents, 'kept')).length, 1);
  const small = await world.send(100);
  executed.push({ sent: small, ended: await waitForEnd(service, small.execution) });
  await world.check(executed);
});

test('a disk that is full while a file is merged: it goes on when there is room again', async (t) => {
  const set = await setUp(t, { mib: 48, chunkRows: 2_000 });
  if (set === null) return;
  const { disk, service, world } = set;
  const sent = await world.send(30_000);
  while (((await getExecution(service, sent.execution)).completed_tasks ?? 0) === 0) await sleep(2);
  disk.fill(0);
  const waiting = await untilStill(service, sent);
  assert.equal(waiting.status, 'RUNNING');
  assert.ok((waiting.completed_tasks ?? 0) < 30_000, 'the disk was full in the middle of it');
  const ready = await service.call('GET', '/health/ready');
  assert.equal(ready.status, 200, 'what is stored can be read');
  disk.resize(300);
  await world.check([{ sent, ended: await waitForEnd(service, sent.execution) }]);
});

/** Waits until an execution has come no further for some time. */
async function untilStill(service: TestService, { execution }: Sent) {
  for (let before = -1; ; ) {
    const now = await getExecution(service, execution);
    const done = now.completed_tasks ?? 0;
    if (done === before || now.status !== 'RUNNING') return now;
    before = done;
    await sleep(700);
  }
}

test('a disk that stays full is waited for, and the execution says so and goes on', async (t) => {
  const set = await setUp(t, { mib: 64, chunkRows: 10_000, retryMs: 1 });
  if (set === null) return;
  const { disk, service, world } = set;
  const sent = await world.send(60_000);
  while (((await getExecution(service, sent.execution)).completed_tasks ?? 0) === 0) await sleep(2);
  disk.fill(MIB / 4);
  // far more tries than a fault gets that may be the file's
  await untilRetries(service, 20);
  const waiting = await untilWaiting(service, sent.execution);
  assert.equal(waiting.status, 'RUNNING');
  assert.equal(waiting.progress?.waiting?.reason, 'DISK_FULL');
  const { since } = waiting.progress?.waiting ?? assert.fail();
  assert.ok(since >= (waiting.start_date ?? 0) && since <= Date.now());
  disk.resize(300);
  await world.check([{ sent, ended: await waitForEnd(service, sent.execution) }]);
});

async function untilRetries(service: TestService, most: number): Promise<void> {
  const count = async () => {
    const { text } = await service.call('GET', '/metrics');
    return Number(/^muster_execution_retries_total (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  const before = await count();
  while ((await count()) - before < most) await sleep(20);
}

/** An execution as it shows that it waits; between two tries it reads. */
async function untilWaiting(service: TestService, execution: ExecutionAnswer): Promise<ExecutionAnswer> {
  for (;;) {
    const now = await getExecution(service, execution);
    if (now.status !== 'RUNNING' || now.progress?.step === 'WAITING') return now;
    await sleep(5);
  }
}

test('a disk that stays full for longer than maxFaultWaitMs: FAILED, saying why and how much was applied', async (t) => {
  const set = await setUp(t, { mib: 64, chunkRows: 10_000, retryMs: 1, maxFaultWaitMs: 300 });
  if (set === null) return;
  const { disk, service, world } = set;
  const sent = await world.send(60_000);
  while (((await getExecution(service, sent.execution)).completed_tasks ?? 0) === 0) await sleep(2);
  // enough to note how it ended, too little for a chunk
  disk.fill(MIB / 4);
  const ended = await waitForEnd(service, sent.execution);
  assert.equal(ended.status, 'FAILED');
  const { total_success } = ended.result;
  assert.match(ended.error?.message ?? '', /No space left on device|no space left/);
  assert.ok(ended.error?.message.endsWith(`; ${total_success} commands had been applied before`));
  disk.resize(300);
  const again = await world.send(1_000);
  assert.equal((await waitForEnd(service, again.execution)).status, 'SUCCEEDED', 'others go on');
});

test('no room even to note the end of an execution: it is noted when there is some', async (t) => {
  const set = await setUp(t, { mib: 48, chunkRows: 2_000, retryMs: 1 });
  if (set === null) return;
  const { disk, service, world } = set;
  const sent = await world.send(30_000);
  while (((await getExecution(service, sent.execution)).completed_tasks ?? 0) === 0) await sleep(2);
  disk.fill(0);
  const segment = { datamart_id: '1', organisation_id: '1', type: 'USER_LIST' };
  const create = (i: number) =>
    service.call('POST', '/v1/audience_segments', { ...segment, name: `${i} ${'x'.repeat(200)}` });
  let answer = await create(0);
  for (let i = 1; answer.status === 200; i++) answer = await create(i);
  await refused(Promise.resolve(answer), 507, 'INSUFFICIENT_STORAGE');
  await sleep(1_000);
  disk.resize(300);
  const { status } = await waitForEnd(service, sent.execution);
  assert.ok(['FAILED', 'SUCCEEDED'].includes(status), status);
  const again = await world.send(1_000);
  assert.equal((await waitForEnd(service, again.execution)).status, 'SUCCEEDED', 'its datamart goes on');
});

test('a disk without room for the error file: no failed line is lost or written twice', async (t) => {
  const set = await setUp(t, { mib: 32, chunkRows: 500 });
  if (set === null) return;
  const { disk, service, world } = set;
  const sent = await world.send(20_000);
  const errors = path.join(service.config.data, 'documents', 'kept');
  const [folder = ''] = readdirSync(errors);
  while (!readdirSync(path.join(errors, folder)).some((name) => name.startsWith('errors-'))) await sleep(1);
  disk.fill(0);
  await sleep(600);
  disk.resize(300);
  await world.check([{ sent, ended: await waitForEnd(service, sent.execution) }]);
});

test('a checkpoint of the store that cannot be written: not ready, everything refused, nothing lost', async (t) => {
  const set = await setUp(t, { mib: 64 });
  if (set === null) return;
  const { disk, service, world } = set;
  const sent = await world.send(50_000);
  const executed = [{ sent, ended: await waitForEnd(service, sent.execution) }];
  disk.fill(0);
  // DuckDB does it by itself when its log has grown to 256 MiB
  const connection = await service.store.staging.connect();
  await assert.rejects(connection.run('checkpoint muster'), /No space left on device/);
  connection.closeSync();
  const ready = await service.call('GET', '/health/ready');
  await refused(Promise.resolve(ready), 503, 'NOT_READY');
  const upload = await service.call('POST', world.path, world.nextFile(1), NDJSON);
  assert.ok([503, 507].includes(upload.status), upload.text);
  assert.match((await service.lost).message, /cannot be used until it is opened again/);
  assert.equal((await service.call('GET', '/health/live')).status, 200);
  await service.stop();
  disk.resize(300);
  const again = await startService(t, { data: service.config.data, minFreeBytes: 0 });
  disk.beforeUnmount(again.stop);
  await world.check(executed, again);
});

test('a disk that becomes read-only: uploads are told to come back, look-ups go on', async (t) => {
  const disk = await mountDisk(t, 32);
  if (disk === null) return;
  // of the documents alone: a disk with a file that is open for writing does not become read-only
  // when it is told to
  const data = await makeFolder();
  await symlink(disk.path, path.join(data, 'documents'));
  const service = await startService(t, { data, minFreeBytes: 0 });
  disk.beforeUnmount(service.stop);
  t.after(() => discardFolder(t, data));
  const world = await createWorld(service);
  const sent = await world.send(1_000);
  const executed = [{ sent, ended: await waitForEnd(service, sent.execution) }];
  disk.setAccess('ro');
  const answer = await service.call('POST', world.path, world.nextFile(10), NDJSON);
  assert.match(await refused(Promise.resolve(answer), 503, 'NOT_READY'), /cannot be written/);
  await world.check(executed);
  disk.setAccess('rw');
  const more = await world.send(1_000);
  await world.check([...executed, { sent: more, ended: await waitForEnd(service, more.execution) }]);
});

test('a data folder that is read-only, or on a full disk, stops the start and is named', async (t) => {
  const disk = await mountDisk(t, 1);
  if (disk === null) return;
  const log = path.join(disk.path, '..', `${path.basename(disk.path)}.log`);
  disk.fill(0);
  const full = await serveRefused(path.join(disk.path, 'data'), { log });
  assert.equal(full.code, 1, full.text);
  assert.ok(full.text.startsWith(`error: data: the folder ${disk.path}/data cannot be used: `), full.text);
  assert.match(full.text, /No space left|ENOSPC/);
  disk.setAccess('ro');
  const readOnly = await serveRefused(disk.path, { log });
  assert.equal(readOnly.code, 1, readOnly.text);
  assert.match(readOnly.text, /^error: data: the folder \S+ cannot be used: EROFS: read-only file system/);
});
