import assert from 'node:assert/strict';
import { test } from 'node:test';
import { segmentSizes } from '../../src/store/duckdb/segment-sizes.ts';
import { openDatabase } from './open-database.ts';

test('what a write has committed is counted, though the write itself has not heard of it yet', async (t) => {
  const db = await openDatabase(t);
  const sizes = segmentSizes(db);
  const sizeOf3 = async () => (await sizes.at(10)).get('3')?.userPoints ?? 0;
  const join = (user: number) =>
    db.merge((sql) =>
      sql.query(`insert into membership_ordered values (1, ${user}, 3, 1, 0, 0, null, null)`),
    );
  await join(1);
  assert.equal(await sizeOf3(), 1);
  let hear = (): void => undefined;
  const heard = new Promise<void>((resolve) => {
    hear = resolve;
  });
  const write = sizes.forgetAfter(heard);
  await join(2);
  assert.deepEqual(await Promise.all([sizeOf3(), sizeOf3()]), [2, 2]);
  await join(3);
  assert.equal(await sizeOf3(), 3, 'and what was counted meanwhile is not kept');
  hear();
  await write;
  assert.equal(await sizeOf3(), 3);
});

test('two writes at once: the first to end does not make the other one unseen', async (t) => {
  const db = await openDatabase(t);
  const sizes = segmentSizes(db);
  const writes = [0, 1].map(() => {
    let hear = (): void => undefined;
    const heard = new Promise<void>((resolve) => {
      hear = resolve;
    });
    return { hear, done: sizes.forgetAfter(heard) };
  });
  writes[0]?.hear();
  await writes[0]?.done;
  assert.equal((await sizes.at(10)).size, 0);
  await db.merge((sql) => sql.query('insert into membership_ordered values (1, 1, 3, 1, 0, 0, null, null)'));
  assert.equal((await sizes.at(10)).size, 1);
  writes[1]?.hear();
  await writes[1]?.done;
});
