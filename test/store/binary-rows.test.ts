import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { binaryRows, type ColumnType } from '../../src/store/postgres/binary-rows.ts';
import { openConnection } from '../../src/store/staging/duckdb-connection.ts';

/** Rows of DuckDB as PostgreSQL reads them: what `COPY … (format binary)` takes. */

const ROWS = 5_000;
const HEADER_BYTES = 19;

/** The values of a `COPY … (format binary)`, as bytes; null where it says so. */
function read(copied: Buffer): readonly (readonly (Buffer | null)[])[] {
  const rows: (Buffer | null)[][] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const columns = copied.readInt16BE(at);
    at += 2;
    if (columns === -1) break;
    const row: (Buffer | null)[] = [];
    for (let i = 0; i < columns; i++) {
      const length = copied.readInt32BE(at);
      at += 4;
      row.push(length === -1 ? null : copied.subarray(at, at + length));
      at += Math.max(0, length);
    }
    rows.push(row);
  }
  assert.equal(at, copied.length, 'nothing is behind the end');
  return rows;
}

// a third of the texts are null or fit into their entry (12 bytes); the others are longer
const TEXTS = `create table texts as
  select i, case when i % 7 = 0 then null when i % 5 = 0 then left(t, 12) when i % 11 = 0 then '' when i % 3 = 0 then repeat(t, 9) else t end as text
  from (select i, 'é' || md5(i::varchar) || repeat('x', (i * 31 % 23)::integer) as t from range(${ROWS}) numbers (i))`;

const SOURCES = {
  'as they lie in a table': 'select i, text from texts',
  'as a function makes them': `select i, replace(text, 'x', 'yz') from texts`,
  'in another order': 'select i, text from texts order by hash(i)',
  'of some of the rows': 'select i, text from texts where hash(i) % 3 = 0',
  'of which all are one': `select i, 'a text of more than twelve bytes' from texts`,
  'of which few differ': `select t.i, kinds.text from texts t join (select i, text from texts limit 5) kinds on kinds.i = t.i % 5`,
  'of which each is a part of another': 'select i, substring(text, 3) from texts',
  'of two columns at once': 'select i, text, upper(text) from texts order by text',
};

for (const [name, statement] of Object.entries(SOURCES)) {
  test(`texts arrive as they are, ${name}`, async (t) => {
    const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
    t.after(() => instance.closeSync());
    const { sql, close } = await openConnection(instance, 'memory');
    t.after(close);
    await sql.query(TEXTS);
    const expected = (await sql.query(statement)).map((row) => Object.values(row));
    const width = (expected[0] as readonly unknown[]).length;
    const types: readonly ColumnType[] = ['bigint', 'text', 'text'];
    const blocks: Uint8Array[] = [];
    for await (const block of binaryRows(sql, statement, types.slice(0, width))) blocks.push(block);
    const rows = read(Buffer.concat(blocks)).map(([number, ...texts]) => [
      number?.readBigInt64BE(),
      ...texts.map((text) => text?.toString() ?? null),
    ]);
    // without an order of its own a result may come in any
    const inOrder = (of: readonly (readonly unknown[])[]) =>
      [...of].sort((a, b) => Number(a[0]) - Number(b[0]));
    assert.deepEqual(inOrder(rows), inOrder(expected));
  });
}
