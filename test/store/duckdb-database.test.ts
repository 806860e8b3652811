import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Row } from '../../src/store/records/database.ts';
import { openDatabase } from './open-database.ts';

/** Enough to fail in each of six runs while statements without parameters were prepared. */
const ROUNDS = 100;

test('what is read while it is changed is as it was or as it is, and never anything between', async (t) => {
  const db = await openDatabase(t);
  const before = { id: 1n, status: 'RUNNING', number: 3n };
  const after = { id: 1n, status: 'SUCCEEDED', number: 100_003n };
  for (let round = 0; round < ROUNDS; round++) {
    // a fresh table each time: its statistics do not know yet how long a status can be
    await db.write(async (sql) => {
      await sql.query('create or replace table job (id bigint, status text, number bigint)');
      await sql.query(`insert into job values (0, 'RUNNING', 0), (1, 'RUNNING', 3)`);
    });
    let isOver = false;
    const seen: Row[] = [];
    const readers = Array.from({ length: 3 }, async () => {
      while (!isOver)
        seen.push(...(await db.read((sql) => sql.query('select * from job order by id desc limit 1', []))));
    });
    await db.write((sql) => sql.query(`update job set status = 'SUCCEEDED', number = 100003 where id = 1`));
    isOver = true;
    await Promise.all(readers);
    for (const row of seen) assert.deepEqual(row, row.status === 'RUNNING' ? before : after);
  }
});

test('a short read waits for no long one, however many there are', async (t) => {
  const db = await openDatabase(t);
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  let begun = 0;
  const long = Array.from({ length: 20 }, () =>
    db.readLong(async () => {
      begun += 1;
      await ended;
    }),
  );
  const [row] = await db.read((sql) => sql.query('select 42::integer as answer'));
  assert.equal(row?.answer, 42);
  assert.ok(begun > 0 && begun < long.length, `${begun} are under way, and the others wait for them`);
  end();
  await Promise.all(long);
  assert.equal(begun, long.length);
});

test('a result that breaks off is no whole one', async (t) => {
  const db = await openDatabase(t);
  const rowsOf = async (statement: string) => {
    let rows = 0;
    await db.read(async (sql) => {
      for await (const chunk of sql.chunks(statement)) rows += chunk.rowCount;
    });
    return rows;
  };
  await db.write((sql) => sql.query('create table t as select range as n from range(1500000)'));
  assert.equal(await rowsOf('select n from t -- all of it'), 1_500_000);
  assert.equal(await rowsOf('select n from t where n < 0'), 0);
  // some thousand rows come before the error, and DuckDB tells nobody of it
  const late = `select case when n = 1400000 then error('broken') else n end as n from t`;
  await assert.rejects(rowsOf(late), /ended after \d+ of 1500000 rows|broken/);
});
