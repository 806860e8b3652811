import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCsvHeader } from '../../src/import/csv-header.ts';
import { createFailedCsvReader, readFailedJson } from '../../src/import/read-failed.ts';
import { runs } from '../client.ts';

const accountsIn = (text: string) => readFailedJson(text).map(({ fields }) => fields.user_account_id);

/** Text that is nearly JSON, or nearly CSV. */
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...['{', '}', '[', ']', ':', ',', '"', '\\', '\\u', '\n', '//', '/*', '\ufeff', '\0', '\r', ' '],
      ),
      fc.constantFrom('"user_account_id"', '"u1"', '"a":1', 'true', '-1e', '1.5', '"\ud800"', 'user'),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));

test('of an object that breaks the members before the break are read, wherever it breaks', () => {
  const whole = '{"note":{"a":[1,{"b":"}"}]},"user_account_id":"u\\u0031","data_bag":"{}"}';
  const end = whole.indexOf(',"data_bag"') + 1;
  for (let length = 0; length < whole.length; length++) {
    // what follows a value tells that it is whole
    const [account] = accountsIn(whole.slice(0, length));
    assert.equal(account, length < end ? undefined : 'u1', whole.slice(0, length));
  }
});

test('each object of a line is read; numbers keep their digits, and the last of two members counts', () => {
  const text =
    '{"user_account_id":"a"}{"user_account_id":12345678901234567890,"x":1},{"user_account_id":1,"user_account_id":null}';
  const [first, second, third] = readFailedJson(text);
  assert.equal(first?.fields.user_account_id, 'a');
  assert.equal(second?.source('user_account_id'), '12345678901234567890');
  assert.equal(third?.fields.user_account_id, null);
});

test('of any text something is read, or nothing, and nothing is thrown', () => {
  const header = parseCsvHeader('operation,user_account_id,email_hash', 'COMMANDS');
  assert.ok(header.ok);
  const readCsv = createFailedCsvReader(header.header);
  fc.assert(
    fc.property(nasty, (text) => {
      for (const { fields } of [...readFailedJson(text), ...readCsv(text)])
        for (const [name, value] of Object.entries(fields))
          if (typeof value === 'string' && name === 'user_account_id' && !text.includes('\\'))
            assert.ok(
              text.includes(value) || text.includes(value.replaceAll('"', '""')),
              `${value} is not in ${text}`,
            );
    }),
    { numRuns: runs(500) },
  );
});

test('brackets as deep as the text is long are passed over', () => {
  const deep = `{"a":${'['.repeat(400_000)}`;
  assert.deepEqual(
    readFailedJson(deep).map(({ fields }) => fields),
    [{}],
  );
});

test('a word that is no JSON spoils its own member alone', () => {
  for (const word of ['NaN', 'None', 'True', 'Infinity', '-Infinity', 'undefined', '.5'])
    assert.deepEqual(accountsIn(`{"expiration_ts":${word},"user_account_id":"b","x":1}`), ['b'], word);
  // where a member ends cannot be told here
  assert.deepEqual(accountsIn('{"a":1 "user_account_id":"b"}'), [undefined]);
});

test('the cells before one with broken quotes are read as cells', () => {
  const parsed = parseCsvHeader('operation,user_account_id,segment_id,expiration_ts', 'COMMANDS');
  assert.ok(parsed.ok);
  const read = createFailedCsvReader(parsed.header);
  for (const [cell, account] of [
    ['"b"', 'b'],
    [' "b"', 'b'],
    ['"b" ', 'b'],
    ['"b,b"', 'b,b'],
    ['"b""b"', 'b"b'],
  ] as const) {
    const [source] = read(`UPDATE,${cell},seg,"0"x`);
    assert.equal(source?.fields.user_account_id, account, cell);
  }
  const [after] = read('UPDATE"x"y,"b",seg,0');
  assert.equal(after?.fields.user_account_id, 'b', 'behind the broken cell quotes mean nothing');
});
