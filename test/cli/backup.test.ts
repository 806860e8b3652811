import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  createImport,
  createSegment,
  dataOf,
  type ExecutionAnswer,
  errorFile,
  executionsPath,
  getExecution,
  getSegment,
  membershipsOf,
  runFile,
  upload,
  waitForEnd,
} from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { type ServiceProcess, serve, startProcess } from '../process.ts';
import { muster, start } from './run.ts';

/** Chunks so small that a file is applied in many steps. */
const SMALL_CHUNKS = { MUSTER_CHUNK_ROWS: '400', MUSTER_CHUNK_BYTES: '65536' };
const LINES = 5_000;

test('a backup that is taken while files are imported goes on where they were', async (t) => {
  const service = await startProcess(t, SMALL_CHUNKS);
  const folder = await makeFolderFor(t);
  const segmentIds = [
    await createSegment(service, { name: 'a' }),
    await createSegment(service, { name: 'b' }),
  ];
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const send = (seed: number) =>
    upload(service, { datamartId: '1', documentImportId, format: 'NDJSON', body: fileOf(segmentIds, seed) });

  await waitForEnd(service, await send(1));
  const running = await send(2);
  const waiting = await send(3);
  await untilHalf(service, running);
  const asked = muster(['backup', path.join(folder, 'backup')], { env: connection(service) });
  const later = await send(4);
  const made = await asked;
  assert.equal(made.code, 0, made.stderr);
  assert.match(made.stdout, /backup: \d+ files, [\d.]+ .iB, in /);
  assert.deepEqual(await readdir(path.join(folder, 'backup', 'store')), ['muster.duckdb']);
  assert.equal(await runsIn(path.join(folder, 'backup', 'store', 'muster.duckdb')), 0);
  const online = await muster(['check'], { env: connection(service) });
  assert.equal(online.code, 0, online.stdout + online.stderr);
  for (const execution of [running, waiting, later]) await waitForEnd(service, execution);

  const restored = await restore(t, path.join(folder, 'backup'), path.join(folder, 'data'));
  const known = await dataOf<ExecutionAnswer[]>(
    restored.call('GET', executionsPath({ datamartId: '1', documentImportId })),
  );
  for (const execution of known) {
    const before = await getExecution(service, execution);
    const after = await waitForEnd(restored, execution);
    assert.deepEqual(after.result, before.result);
    assert.equal(await errorFile(restored, after), await errorFile(service, before));
  }
  assert.ok(
    known.some(({ id, status }) => id === running.id && status !== 'SUCCEEDED'),
    'nothing was running',
  );
  if (!known.some(({ id }) => id === later.id)) {
    const of = { datamartId: '1', documentImportId, format: 'NDJSON' as const };
    await waitForEnd(restored, await upload(restored, { ...of, body: fileOf(segmentIds, 4) }));
  }
  for (const id of segmentIds)
    assert.deepEqual(await getSegment(restored, id), await getSegment(service, id));
  for (let user = 0; user < 300; user++) {
    const selector = `user_account_id=u${user}`;
    assert.deepEqual(await stateOf(restored, selector), await stateOf(service, selector), selector);
  }
  const again = await muster(['check'], { env: connection(restored) });
  assert.equal(again.code, 0, again.stdout + again.stderr);
});

test('a service that is killed during a backup leaves none, and takes up no room for it afterwards', async (t) => {
  const service = await startProcess(t);
  const folder = await makeFolderFor(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const documentImportId = await createImport(service, { format: 'NDJSON' });
  const body = fileOf([segmentId], 1).repeat(40);
  await waitForEnd(
    service,
    await upload(service, { datamartId: '1', documentImportId, format: 'NDJSON', body }),
  );

  const target = path.join(folder, 'backup');
  const { ended } = start(['backup', target], { env: connection(service) });
  while (!existsSync(path.join(`${target}.partial`, 'backup.json'))) await sleep(1);
  await service.kill();
  const { code, stderr } = await ended;
  assert.equal(code, 1);
  assert.match(stderr, /^error: the backup broke off before its end/m);
  assert.deepEqual(await readdir(folder), []);
  const snapshots = path.join(service.data, 'store', 'snapshots');
  assert.equal((await readdir(snapshots)).length, 1);
  await service.restart();
  assert.equal(existsSync(snapshots), false);
  assert.equal((await muster(['backup', target], { env: connection(service) })).code, 0);
  assert.deepEqual(await readdir(snapshots), []);
});

test('a backup that is not whole is refused, and leaves no data folder', async (t) => {
  const service = await startProcess(t);
  const folder = await makeFolderFor(t);
  const segmentId = await createSegment(service, { name: 'a' });
  const execution = await runFile(service, 'NDJSON', fileOf([segmentId], 1).slice(0, 100_000));
  assert.ok(execution.result.total_failure > 0);
  const whole = path.join(folder, 'whole');
  assert.equal((await muster(['backup', whole], { env: connection(service) })).code, 0);
  const manifest = await readFile(path.join(whole, 'manifest.ndjson'), 'utf8');
  const [input = ''] = /documents\/[^"]*\/input/.exec(manifest) ?? [];
  const lines = manifest.split('\n');

  const damages: Readonly<Record<string, { damage: (backup: string) => Promise<void>; told: RegExp }>> = {
    'no manifest': {
      damage: (backup) => rm(path.join(backup, 'manifest.ndjson')),
      told: /manifest\.ndjson is missing: the backup is incomplete, or this is not a backup/,
    },
    'manifest without end': {
      damage: (backup) =>
        writeFile(path.join(backup, 'manifest.ndjson'), `${lines.slice(0, -2).join('\n')}\n`),
      told: /the manifest has no end: the backup was cut off/,
    },
    'manifest without a line': {
      damage: (backup) =>
        writeFile(path.join(backup, 'manifest.ndjson'), [...lines.slice(0, 1), ...lines.slice(2)].join('\n')),
      told: /the manifest is damaged: its lines are not those it ended with/,
    },
    'manifest that leads elsewhere': {
      damage: (backup) =>
        writeFile(path.join(backup, 'manifest.ndjson'), manifest.replace(input, '../../../elsewhere/input')),
      told: /the manifest names a file that no backup has: "\.\.\/\.\.\/\.\.\/elsewhere\/input"/,
    },
    'short store': {
      damage: async (backup) => truncate(path.join(backup, 'store/muster.duckdb'), 4096),
      told: /store\/muster\.duckdb is damaged: expected \d+ bytes, got 4096/,
    },
    'a changed byte': {
      damage: async (backup) => {
        const content = await readFile(path.join(backup, input));
        content[10] = (content[10] ?? 0) ^ 1;
        await writeFile(path.join(backup, input), content);
      },
      told: /documents\/.*\/input is damaged: expected SHA-256 [0-9a-f]{64}, got [0-9a-f]{64}/,
    },
    'no input file': {
      damage: (backup) => rm(path.join(backup, input)),
      told: /documents\/.*\/input is missing in the backup/,
    },
    'another format': {
      damage: (backup) => writeFile(path.join(backup, 'backup.json'), '{"format":3}'),
      told: /the backup has format 3, this Muster knows format 2/,
    },
    'no backup': {
      damage: async (backup) => {
        await rm(backup, { recursive: true });
        await mkdir(backup);
      },
      told: /the backup is incomplete, or this is not a backup/,
    },
  };
  const data = path.join(folder, 'data');
  for (const [name, { damage, told }] of Object.entries(damages)) {
    const backup = path.join(folder, 'damaged');
    await cp(whole, backup, { recursive: true });
    await damage(backup);
    const { code, stderr } = await muster(['restore', backup, '--data', data]);
    assert.equal(code, 1, name);
    assert.match(stderr, told, name);
    await rm(backup, { recursive: true });
    assert.deepEqual(await readdir(folder), ['whole'], name);
  }
  const full = await muster(['restore', whole, '--data', whole]);
  assert.equal(full.code, 1);
  assert.match(full.stderr, /whole: expected a new or empty folder, but it contains "backup\.json"/);
  const again = await muster(['backup', whole], { env: connection(service) });
  assert.equal(again.code, 1);
  assert.match(again.stderr, /expected a new or empty folder/);
  await mkdir(`${data}.partial`);
  const half = await muster(['restore', whole, '--data', data]);
  assert.equal(half.code, 1);
  assert.match(half.stderr, /data\.partial exists: a backup or restore into it is unfinished/);
});

/** Serving runs that a store's file names: what it is restored to makes its own. */
async function runsIn(file: string): Promise<number> {
  const instance = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  const rows = await (await connection.run('select id from serving_run')).getRows();
  connection.closeSync();
  instance.closeSync();
  return rows.length;
}

/** Restores a backup, checks what came of it, and serves it. */
async function restore(t: TestContext, backup: string, data: string): Promise<ServiceProcess> {
  const { code, stderr } = await muster(['restore', backup, '--data', data]);
  assert.equal(code, 0, stderr);
  const checked = await muster(['check', '--data', data]);
  assert.equal(checked.code, 0, checked.stdout + checked.stderr);
  const service = await serve(data, SMALL_CHUNKS);
  t.after(() => service.kill());
  return service;
}

/** Commands of 300 and of many more users, one in fifty of which fails. */
function fileOf(segmentIds: readonly string[], seed: number): string {
  const lines: string[] = [];
  for (let i = 0; i < LINES; i++) {
    const user = i % 3 === 0 ? (i * 7 + seed) % 300 : seed * LINES + i;
    lines.push(
      JSON.stringify({
        operation: (i + seed) % 11 === 0 ? 'DELETE' : 'UPDATE',
        user_account_id: `u${user}`,
        segment_id: i % 50 === 49 ? '999' : segmentIds[(i + seed) % segmentIds.length],
        expiration_ts: 0,
        data_bag: JSON.stringify({ seed, i }),
      }),
    );
  }
  return `${lines.join('\n')}\n`;
}

/** What a user's memberships are, but for when that came to be. */
async function stateOf(service: ServiceProcess, selector: string) {
  const memberships = await membershipsOf(service, selector);
  return memberships?.map(({ segment_id, data_bag, expiration_ts }) => ({
    segment_id,
    data_bag,
    expiration_ts,
  }));
}

async function untilHalf(service: ServiceProcess, execution: ExecutionAnswer): Promise<void> {
  for (;;) {
    const now = await getExecution(service, execution);
    assert.ok(now.status === 'PENDING' || now.status === 'RUNNING', `it is ${now.status} already`);
    if ((now.completed_tasks ?? 0) > LINES / 20) return;
    await sleep(2);
  }
}

function connection(service: ServiceProcess) {
  return { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token };
}

async function makeFolderFor(t: TestContext): Promise<string> {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  return folder;
}
