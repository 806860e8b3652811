import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { makeUserKeys } from '../../src/import/parse/user-keys.ts';
import { openStagingTable } from '../../src/import/stage/staging-table.ts';
import { formatUuid, type Identifier, parseUuid } from '../../src/model/identifier.ts';
import { userKey } from '../../src/model/user-key.ts';
import { runs } from '../client.ts';

const identifier: fc.Arbitrary<Identifier> = fc.record({
  kind: fc.constantFrom('USER_ACCOUNT', 'USER_EMAIL', 'USER_AGENT'),
  compartmentId: fc.bigInt({ min: 0n, max: 2n ** 53n }).map(String),
  value: fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((text) => text.isWellFormed() && !text.includes('\0')),
});

test('staged rows get the keys that userKey gives', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`attach ':memory:' as staging`);
  const identifiers = fc.sample(identifier, 300);
  const table = await openStagingTable(instance, '7');
  identifiers.forEach((each, i) => {
    const targets = [{ segmentId: '1', expiresAt: null }];
    table.append(i + 1, { operation: 'UPDATE', identifier: each, targets, dataBag: null });
  });
  const name = await table.finish();
  const reader = await connection.runAndReadAll(
    `select key_hi, key_lo from staging.main.${name} order by line`,
  );
  const staged = reader.getRowObjects().map(({ key_hi, key_lo }) => ({ hi: key_hi, lo: key_lo }));
  assert.deepEqual(
    staged,
    identifiers.map((each) => userKey('7', each)),
  );
  connection.closeSync();
  instance.closeSync();
});

test('keys are those of SHA-256 at every length, whatever lies beside them', () => {
  const text = Buffer.from(Array.from({ length: 5_000 }, (_, at) => 33 + ((at * 7) % 90)));
  const check = (lengths: readonly number[]) => {
    const rows = lengths.length;
    const starts = new Uint32Array(rows);
    const ends = new Uint32Array(rows);
    let used = 0;
    // a length of 0 stands for the text of the row before
    for (const [row, length] of lengths.entries()) {
      const isRepeated = length === 0 && row > 0;
      starts[row] = isRepeated ? (starts[row - 1] as number) : used;
      ends[row] = isRepeated ? (ends[row - 1] as number) : used + length;
      used += isRepeated ? 0 : length;
    }
    const texts = Buffer.concat(Array.from({ length: Math.ceil(used / text.length) + 1 }, () => text));
    const keyHi = new Uint8Array(8 * rows);
    const keyLo = new Uint8Array(8 * rows);
    makeUserKeys({ rows, texts: texts.subarray(0, used), starts, ends, keyHi, keyLo });
    for (const row of lengths.keys()) {
      const digest = createHash('sha256').update(texts.subarray(starts[row], ends[row])).digest();
      digest[6] = 0x80 | ((digest[6] as number) & 0x0f);
      digest[8] = 0x80 | ((digest[8] as number) & 0x3f);
      const key = Buffer.concat([
        keyHi.subarray(8 * row, 8 * row + 8).toReversed(),
        keyLo.subarray(8 * row, 8 * row + 8).toReversed(),
      ]);
      assert.equal(key.toString('hex'), digest.toString('hex', 0, 16), `row ${row} of ${lengths.join(' ')}`);
    }
  };
  for (let from = 1; from <= 4_096; from += 512) check(Array.from({ length: 512 }, (_, at) => from + at));
  const length = fc.oneof(fc.nat(130), fc.constantFrom(0, 55, 56, 63, 64, 119, 120, 128), fc.nat(2_000));
  fc.assert(fc.property(fc.array(length, { minLength: 1, maxLength: 40 }), check), { numRuns: runs(200) });
});

test('a short value crosses whole after a longer one that had characters of several bytes', async () => {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`attach ':memory:' as staging`);
  const values = ['é'.repeat(20), '\u4e16'.repeat(20), 'a', 'ab', 'abc', 'abcd', 'abcdefghi'];
  for (const value of values) {
    const table = await openStagingTable(instance, '1');
    const identifier = { kind: 'USER_EMAIL', compartmentId: '0', value } as const;
    const targets = [{ segmentId: '1', expiresAt: null }];
    table.append(1, { operation: 'UPDATE', identifier, targets, dataBag: null });
    const name = await table.finish();
    const reader = await connection.runAndReadAll(`select value, key_hi, key_lo from staging.main.${name}`);
    const { hi, lo } = userKey('1', identifier);
    assert.deepEqual(reader.getRowObjects(), [{ value, key_hi: hi, key_lo: lo }]);
  }
  connection.closeSync();
  instance.closeSync();
});

test('a key shows as a version 8 UUID of RFC 9562, and reads back', () => {
  fc.assert(
    fc.property(identifier, (each) => {
      const uuid = formatUuid(userKey('1', each));
      assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.equal(formatUuid(parseUuid(uuid.toUpperCase()) ?? { hi: 0n, lo: 0n }), uuid);
    }),
  );
});

test('the parts of an identifier cannot run into each other', () => {
  const one = userKey('1', { kind: 'USER_ACCOUNT', compartmentId: '1', value: '2:x' });
  const other = userKey('1', { kind: 'USER_ACCOUNT', compartmentId: '12', value: 'x' });
  assert.notDeepEqual(one, other);
});
