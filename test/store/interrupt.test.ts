import assert from 'node:assert/strict';
import path from 'node:path';
import { after, test } from 'node:test';
import { PostgresDatabase } from '../../src/store/postgres/postgres-database.ts';
import { whileNotAborted } from '../../src/store/while-not-aborted.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { databaseOf, postgresServer } from '../postgres.ts';
import { openDatabase } from './open-database.ts';

after(async () => (await postgresServer()).stop());

/** Long enough for a statement to be under way, and short beside what it would take. */
const ABORT_MS = 300;
const SOON_MS = 10_000;

test('DuckDB gives up the statement that writes a file, and the connection is good for the next one', async (t) => {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  const db = await openDatabase(t);
  const signal = AbortSignal.timeout(ABORT_MS);
  const startedAt = performance.now();
  const file = path.join(folder, 'file.csv');
  const written = db.read((sql) =>
    whileNotAborted(signal, sql, () =>
      sql.query(
        `copy (select sum(a.range) from range(1000000000) a, range(1000) b) to '${file}' (format csv)`,
      ),
    ),
  );
  await assert.rejects(written, /INTERRUPT/);
  assert.ok(performance.now() - startedAt < SOON_MS);
  for (let i = 0; i < 10; i++)
    assert.equal((await db.read((sql) => sql.query('select 1 as one')))[0]?.one, 1);
});

test('PostgreSQL gives up a copy that is under way, and the connection is good for the next one', async (t) => {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  const url = await databaseOf(folder);
  const db = new PostgresDatabase({ url, connections: 4, patienceMs: 1_000 });
  t.after(() => db.close());
  for (const statement of [
    'copy (select generate_series(1, 1000000000)) to stdout',
    'copy (select pg_sleep(600)) to stdout',
  ]) {
    const signal = AbortSignal.timeout(ABORT_MS);
    const startedAt = performance.now();
    const written = db.atOneMoment((sql) =>
      whileNotAborted(signal, sql, () => sql.copyOut([statement], path.join(folder, 'file'))),
    );
    await assert.rejects(written, /canceling statement/);
    assert.ok(performance.now() - startedAt < SOON_MS);
    for (let i = 0; i < 10; i++)
      assert.equal((await db.read((sql) => sql.query('select 1 as one')))[0]?.one, 1);
  }
});

test('nothing is begun for a signal that is aborted already', async (t) => {
  const db = await openDatabase(t);
  const never = () => assert.fail('it was begun');
  const aborted = AbortSignal.abort(new Error('too late'));
  await assert.rejects(
    db.read((sql) => whileNotAborted(aborted, sql, never)),
    /too late/,
  );
});
