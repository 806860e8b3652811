import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { ndjsonFormat } from '../../src/import/ndjson.ts';
import { openStagingTable } from '../../src/import/stage/staging-table.ts';
import { formatUuid, type Identifier, parseUuid } from '../../src/model/identifier.ts';
import { userKey } from '../../src/model/user-key.ts';
import { runs } from '../client.ts';
import { assertSame } from './both-ways.ts';

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
  const text = Array.from({ length: 5_000 }, (_, at) => String.fromCharCode(97 + ((at * 7) % 26))).join('');
  const check = (lengths: readonly number[]) => {
    // a length of 0 stands for the user of the row before
    const values: string[] = [];
    for (const [row, length] of lengths.entries())
      values.push(
        length === 0 && row > 0
          ? (values[row - 1] as string)
          : text.slice(row % 90, (row % 90) + length || 1),
      );
    const line = (value: string) =>
      JSON.stringify({ operation: 'DELETE', user_agent_id: value, segment_ids: ['1', '2'] });
    assert.equal(assertSame(ndjsonFormat, Buffer.from(values.map(line).join('\n')), 1 << 20), values.length);
  };
  for (let from = 1; from <= 4_096; from += 512) check(Array.from({ length: 512 }, (_, at) => from + at));
  const length = fc.oneof(fc.nat(130), fc.constantFrom(0, 49, 50, 57, 58, 113, 114, 122), fc.nat(2_000));
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
