import assert from 'node:assert/strict';
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { createGunzip, gunzipSync } from 'node:zlib';
import { receiveBackup } from '../../src/backup/receive-backup.ts';
import { restoreBackup } from '../../src/backup/restore-backup.ts';
import { checkAll } from '../../src/check/check-all.ts';
import { readConfig } from '../../src/config.ts';
import { readDocumentsFolder } from '../../src/documents/folder.ts';
import { NO_COMPARTMENT } from '../../src/model/identifier.ts';
import { startService as openService } from '../../src/service.ts';
import { openDuckDbStore } from '../../src/store/duckdb/open-duckdb-store.ts';
import { openStore, openStoreToCheck } from '../../src/store/open-store.ts';
import { ADMIN_TOKEN, clientOf, dataOf, type ExecutionAnswer, membershipsOf, waitForEnd } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';

const NOW = 1_800_000_000_000;
const ALL = { firstResult: 0, maxResults: 100 };

/**
 * A store that Muster wrote when its schema had version 1: two datamarts, a segment with two
 * members, an ended execution.
 */
const VERSION_1 = new URL('./fixtures/version-1.duckdb.gz', import.meta.url);

test('a store of version 1 is brought to this version and keeps what it holds', async (t) => {
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  await writeFile(path.join(dir, 'muster.duckdb'), gunzipSync(readFileSync(VERSION_1)));
  const open = () => openDuckDbStore({ dir, memoryBytes: 256 * 1024 * 1024, threads: 1, now: NOW });

  for (const time of ['first', 'second']) {
    const store = await open();
    const { elements: datamarts } = await store.datamarts.list({ ids: null, page: ALL });
    assert.deepEqual(
      datamarts.map(({ name }) => name),
      ['default', 'second'],
      time,
    );
    assert.deepEqual(
      (await store.tokens.list(ALL)).elements.map(({ name, role }) => [name, role]),
      [
        ['preset admin token', 'admin'],
        ['upload', 'editor'],
      ],
    );
    const execution = await store.executions.get('1');
    assert.equal(execution?.status, 'SUCCEEDED');
    assert.deepEqual(execution.checkpoint.failuresByCode, { UNKNOWN_SEGMENT: 1 });
    const identifier = { kind: 'USER_ACCOUNT', compartmentId: '1', value: 'u1' } as const;
    const asked = { datamartId: '1', now: NOW, page: ALL };
    const account = await store.listMemberships({ ...asked, user: { by: 'identifier', identifier } });
    assert.deepEqual(
      account?.elements.map(({ segmentName, dataBag }) => [segmentName, dataBag]),
      [['vip', '{"tier":"gold"}']],
    );
    const hash = { kind: 'USER_EMAIL', compartmentId: NO_COMPARTMENT, value: 'h1' } as const;
    assert.equal(
      (await store.listMemberships({ ...asked, user: { by: 'identifier', identifier: hash } }))?.total,
      1,
    );
    const log = await store.auditLog.list({ filter: { datamartIds: null }, page: ALL });
    assert.equal(log.total, time === 'first' ? 0 : 1);
    const author = { tokenId: '1', tokenName: 'n', requestId: null, at: NOW };
    const change = { action: 'DELETE', resourceType: 'segment', resourceId: '1', datamartId: '1' } as const;
    if (time === 'first') await store.auditLog.note(author, change);
    const checks = await store.checkContent(NOW);
    assert.deepEqual(
      checks.filter(({ violations }) => violations > 0),
      [],
    );
    await store.close();
  }
});

const FIXTURES = new URL('./fixtures/', import.meta.url);
const MIGRATIONS = new URL('../../src/store/duckdb/migrations/', import.meta.url);
const LIMITS = { memoryBytes: 256 * 1024 * 1024, threads: 1 };

/**
 * Versions whose stores may be met: all before the present one, from the first that could be backed
 * up.
 */
const EARLIER = readdirSync(MIGRATIONS)
  .filter((file) => file.endsWith('.sql'))
  .map((file) => Number(file.slice(0, 3)))
  .filter((version, _, all) => version >= 2 && version <= Math.max(2, Math.max(...all) - 1));

for (const version of EARLIER) {
  test(`a backup of a service of version ${version} is restored, upgraded and goes on`, async (t) => {
    const fixture = new URL(`version-${version}.tar.gz`, FIXTURES);
    assert.ok(existsSync(fixture), `${fixture} is missing: make it with make-fixture.ts of that version`);
    const folder = await makeFolder();
    t.after(() => discardFolder(t, folder));
    const [backup, data] = [path.join(folder, 'backup'), path.join(folder, 'data')];
    for (const each of [backup, data]) await mkdir(each);
    await receiveBackup(createReadStream(fixture).pipe(createGunzip()), backup, { received: () => {} });
    await restoreBackup(backup, data, () => {});

    // opened once without a runner: it is upgraded, and the execution stays where it was
    const store = await openStore({ url: null, data, connections: 0, ...LIMITS, now: NOW });
    const half = await store.executions.get('2');
    assert.equal(half?.status, 'RUNNING');
    assert.ok(half.checkpoint.offset > 0 && half.checkpoint.offset < half.document.bytes);
    // changes are known from the first one on that was noted; before version 3 none was, since
    // version 4 a fresh store says when it was made
    const { knownSince } = await store.countChanges({ segmentId: '1', from: 0, now: NOW });
    const first = await store.executions.get('1');
    if (version >= 4) assert.ok(knownSince < (first?.startDate ?? 0) && knownSince > 0);
    else assert.equal(knownSince, version >= 3 ? first?.startDate : NOW);
    // what executions are warned of is known since version 6
    const warned = version >= 6 ? { SURROUNDING_BLANKS: 1 } : undefined;
    assert.deepEqual(first?.checkpoint.warnings?.counts, warned);
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
