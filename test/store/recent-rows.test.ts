import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { DuckDbDatabase } from '../../src/store/duckdb/duckdb-database.ts';
import { rowsOfPoint } from '../../src/store/duckdb/look-ups.ts';
import { noteWriting, readRuns } from '../../src/store/duckdb/runs.ts';
import type { Sql } from '../../src/store/records/database.ts';
import { openDatabase } from './open-database.ts';

const POINT = { hi: 1n, lo: 2n };

/** One membership among the ordered rows. */
async function openWithRow(t: TestContext): Promise<DuckDbDatabase> {
  const db = await openDatabase(t);
  await db.merge((sql) => sql.query('insert into membership_ordered values (1, 2, 3, 1, 0, 0, null, null)'));
  return db;
}

/** Calls back before the first statement reaches the database, and keeps the texts of all. */
function watched(sql: Sql, beforeFirst: () => Promise<void>): { sql: Sql; texts: string[] } {
  const texts: string[] = [];
  return {
    texts,
    sql: {
      emit: sql.emit,
      interrupt: sql.interrupt,
      query: async (text, values) => {
        if (texts.push(text) === 1) await beforeFirst();
        return sql.query(text, values);
      },
    },
  };
}

test('while nothing is recent a look-up reads the ordered rows alone', async (t) => {
  const db = await openWithRow(t);
  const runs = await readRuns(db);
  await db.read(async (sql) => {
    const of = watched(sql, async () => {});
    assert.equal((await rowsOfPoint(of.sql, POINT, runs)).length, 1);
    assert.deepEqual(
      of.texts.map((text) => /from (\w+)/.exec(text)?.[1]),
      ['membership_ordered'],
    );
  });
});

test('a merge that moves a membership between the choice of the table and the query does not hide it', async (t) => {
  const db = await openWithRow(t);
  const runs = await readRuns(db);
  const move = () =>
    db.merge(async (sql) => {
      noteWriting(runs, 'membership');
      await sql.query('insert into membership_recent select * from membership_ordered');
      await sql.query('delete from membership_ordered');
    });
  const rows = await db.read((sql) => rowsOfPoint(watched(sql, move).sql, POINT, runs));
  assert.equal(rows.length, 1);
});
