import assert from 'node:assert/strict';
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { createGunzip } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { receiveBackup } from '../../src/backup/receive-backup.ts';
import { restoreBackup } from '../../src/backup/restore-backup.ts';
import { checkAll } from '../../src/check/check-all.ts';
import { readConfig } from '../../src/config.ts';
import { readDocumentsFolder } from '../../src/documents/folder.ts';
import { StoreUnusableError } from '../../src/errors.ts';
import { startService as openService } from '../../src/service.ts';
import { openStore, openStoreToCheck } from '../../src/store/open-store.ts';
import { OLDEST_EMBEDDED_SCHEMA } from '../../src/store/schema-version.ts';
import { ADMIN_TOKEN, clientOf, dataOf, type ExecutionAnswer, membershipsOf, waitForEnd } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';

const NOW = 1_800_000_000_000;

const FIXTURES = new URL('./fixtures/', import.meta.url);
const MIGRATIONS = new URL('../../src/store/duckdb/migrations/', import.meta.url);
const LIMITS = { memoryBytes: 256 * 1024 * 1024, threads: 1 };

const VERSIONS = readdirSync(MIGRATIONS)
  .filter((file) => file.endsWith('.sql'))
  .map((file) => Number(file.slice(0, 3)))
  .sort((one, other) => one - other);
const OLDEST = VERSIONS[0] ?? 0;
/** Versions whose stores may be met: the oldest, and all others before the present one. */
const EARLIER = VERSIONS.filter((version, i) => i === 0 || version < (VERSIONS.at(-1) ?? 0));

test('the oldest version is that of the first migration', () => {
  assert.equal(OLDEST, OLDEST_EMBEDDED_SCHEMA);
});

/** A data folder with what a backup of a service of a version brings back. */
async function restored(t: TestContext, version: number) {
  const fixture = new URL(`version-${version}.tar.gz`, FIXTURES);
  assert.ok(existsSync(fixture), `${fixture} is missing: make it with make-fixture.ts of that version`);
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  const [backup, data] = [path.join(folder, 'backup'), path.join(folder, 'data')];
  for (const each of [backup, data]) await mkdir(each);
  await receiveBackup(createReadStream(fixture).pipe(createGunzip()), backup, { received: () => {} });
  await restoreBackup(backup, data, () => {});
  return { backup, data, folder };
}

for (const version of EARLIER) {
  test(`a backup of a service of version ${version} is restored, upgraded and goes on`, async (t) => {
    const { data } = await restored(t, version);

    // opened once without a runner: it is upgraded, and the execution stays where it was
    const store = await openStore({ url: null, data, connections: 0, ...LIMITS, now: NOW });
    const half = await store.executions.get('2');
    assert.equal(half?.status, 'RUNNING');
    assert.ok(half.checkpoint.offset > 0 && half.checkpoint.offset < half.document.bytes);
    const { knownSince } = await store.countChanges({ segmentId: '1', from: 0, now: NOW });
    const first = await store.executions.get('1');
    assert.ok(knownSince < (first?.startDate ?? 0) && knownSince > 0);
    assert.deepEqual(first?.checkpoint.warnings?.counts, { SURROUNDING_BLANKS: 1 });
    await store.close();
    assert.deepEqual(await violationsIn(data), []);

    const service = await openService(
      readConfig({ data, port: '0', 'log-level': 'silent', 'admin-token': ADMIN_TOKEN }, {}),
    );
    const client = clientOf(service.url, ADMIN_TOKEN);
    const execution = await dataOf<ExecutionAnswer>(
      client.call('GET', '/v1/datamarts/1/document_imports/2/executions/2'),
    );
    const ended = await waitForEnd(client, execution);
    assert.equal(ended.status, 'SUCCEEDED');
    assert.deepEqual([ended.result.total_success, ended.result.total_failure], [19_800, 200]);
    assert.equal((await membershipsOf(client, 'user_account_id=u1'))?.[0]?.data_bag, '{"tier":"gold"}');
    assert.equal(await membershipsOf(client, 'email_hash=erased'), null);
    await service.close();
    assert.deepEqual(await violationsIn(data), []);
  });
}

const BEFORE_RELEASE = new RegExp(
  `has schema version ${OLDEST - 1}, this Muster opens ${OLDEST} and later: it was written before the first release`,
);

test('a store from before the first release is refused by name, and nothing in it is changed', async (t) => {
  const { data } = await restored(t, OLDEST);
  const file = path.join(data, 'store', 'muster.duckdb');
  await setVersion(file, OLDEST - 1);
  const before = await readFile(file);
  const refused = (error: unknown) =>
    error instanceof StoreUnusableError && BEFORE_RELEASE.test(error.message);
  await assert.rejects(openStore({ url: null, data, connections: 0, ...LIMITS, now: NOW }), refused);
  await assert.rejects(openStoreToCheck({ dir: path.join(data, 'store'), ...LIMITS }), refused);
  assert.ok(before.equals(await readFile(file)));
});

test('a backup from before the first release is refused before anything is copied', async (t) => {
  const { backup, folder } = await restored(t, OLDEST);
  const file = path.join(backup, 'backup.json');
  const start = JSON.parse(await readFile(file, 'utf8')) as object;
  await writeFile(file, JSON.stringify({ ...start, schema_version: OLDEST - 1 }));
  const data = path.join(folder, 'other');
  await mkdir(data);
  await assert.rejects(
    restoreBackup(backup, data, () => {}),
    BEFORE_RELEASE,
  );
  assert.deepEqual(readdirSync(data), []);
});

/** Has a store say that it is of another version. */
async function setVersion(file: string, version: number): Promise<void> {
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  await connection.run(`update schema_version set version = ${version}`);
  await connection.run('checkpoint');
  connection.closeSync();
  instance.closeSync();
}

/** What `muster check` finds in a data folder. */
async function violationsIn(data: string) {
  const store = await openStoreToCheck({ dir: path.join(data, 'store'), ...LIMITS });
  try {
    const documents = readDocumentsFolder(path.join(data, 'documents'));
    const results = await checkAll({ store, documents, clock: Date.now });
    assert.ok(results.length >= 16);
    return results.filter(({ violations }) => violations > 0);
  } finally {
    await store.close();
  }
}
