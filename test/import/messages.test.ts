import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRejection } from '../../src/import/document-format.ts';
import { parseCommand } from '../../src/import/parse-command.ts';
import { readFormatOf } from '../../src/import/read-format.ts';
import type { MimeType } from '../../src/model/records.ts';
import { context, START_DATE } from './both-ways.ts';

/** Code and message of the one record of a document; null when it is a command. */
function problemOf(mimeType: MimeType, text: string): string | null {
  const bytes = Buffer.from(text);
  const read = readFormatOf(bytes, { mimeType, profile: 'COMMANDS' });
  assert.ok(read.ok);
  const { start, createSplitter } = read.format;
  const [record, ...more] = createSplitter(start).push(bytes.subarray(start.offset), true);
  assert.ok(record !== undefined && more.length === 0);
  const command = isRejection(record.content) ? record.content : parseCommand(record.content, context);
  return isRejection(command) ? `${command.code}: ${command.message}` : null;
}

/** An NDJSON command with members as they are written; later ones win. */
function json(...members: readonly string[]): string | null {
  const all = [
    '"operation":"UPDATE"',
    '"user_agent_id":"a"',
    '"segment_id":"1"',
    '"expiration_ts":0',
    ...members,
  ];
  return problemOf('APPLICATION_X_NDJSON', `{${all.join(', ')}}`);
}

/** A CSV row with cells as they are written. */
function csv(cells: Readonly<Record<string, string>>): string | null {
  const all: Record<string, string> = {
    operation: 'UPDATE',
    user_agent_id: 'a',
    segment_id: '1',
    expiration_ts: '0',
    ...cells,
  };
  return problemOf('TEXT_CSV', `${Object.keys(all).join(',')}\n${Object.values(all).join(',')}\n`);
}

const NO_NUMBERS = ['123.0', '1e3', '-0', '-0.0', '1E+400', '1.50', '12345678901234567890.0'];

test('NDJSON: messages show numbers as they were written', () => {
  for (const number of NO_NUMBERS.filter((each) => each !== '-0')) {
    for (const field of [
      'user_agent_id',
      'segment_id',
      'segment_ids',
      'segment_technical_name',
      'email_hash',
    ])
      assert.equal(
        json(`"${field}":${number}`),
        `INVALID_TYPE: ${field} must be a text or a whole number, got ${number}`,
      );
    assert.equal(
      json(`"segment_ids":["1", ${number} ]`),
      `INVALID_TYPE: segment_ids must be a text or a whole number, got ${number}`,
    );
    assert.ok(json(`"operation":${number}`)?.endsWith(`, got ${number}`));
    assert.ok(json(`"data_bag":${number}`)?.endsWith(`, got ${number}`));
  }
  assert.match(json('"segment_id":-0') ?? '', /^UNKNOWN_SEGMENT: segment_id -0 is not a segment/);
  assert.match(
    json('"segment_id":98765432109876543210') ?? '',
    /segment_id 98765432109876543210 is not a segment/,
  );
  for (const number of ['-1', '1.5', '1E+400', '-1e400', '99999999999', '10.00000000000000000000001'])
    assert.ok(json(`"expiration_ts":${number}`)?.includes(`got ${number}`), number);
});

test('NDJSON: messages show texts with their escapes, and the last of several', () => {
  assert.match(json('"operation":"\\u0041dd"') ?? '', /got "\\u0041dd"$/);
  assert.match(json('"operation":"a\\/b"') ?? '', /got "a\\\/b"$/);
  assert.match(json('"operation":"x"', '"operation":"y"') ?? '', /got "y"$/);
  assert.match(json('"oper\\u0061tion":"z"') ?? '', /got "z"$/);
  assert.match(
    json('"segment_ids":["1", "\\u0032\\u0032"]') ?? '',
    /segment_ids "\\u0032\\u0032" is not a segment/,
  );
  assert.match(json('"segment_ids":"22"') ?? '', /segment_ids "22" is not a segment/);
  assert.match(
    json('"user_account_id":"b"', '"user_agent_id":null', '"compartment_id":7.0') ?? '',
    /got 7\.0$/,
  );
  assert.match(
    json('"user_account_id":"b"', '"user_agent_id":null', '"compartment_id":77') ?? '',
    /compartment_id 77 is no/,
  );
  assert.match(json('"data_bag":"5"') ?? '', /got "5"$/);
  assert.match(json('"data_bag":"[1]"') ?? '', /got "\[1\]"$/);
  assert.match(json('"operation":null') ?? '', /got null$/);
  assert.match(json('"operation":[1]') ?? '', /got an array$/);
});

test('CSV: messages show cells as they were written', () => {
  assert.match(csv({ operation: ' update ' }) ?? '', /got " update "; did you mean UPDATE\?$/);
  assert.match(csv({ operation: 'C:\\x' }) ?? '', /got "C:\\x"$/);
  assert.match(csv({ operation: '"a ""b"" c"' }) ?? '', /got "a ""b"" c"$/);
  assert.match(csv({ operation: '"a\nb"' }) ?? '', /got "a\\nb"$/);
  assert.match(csv({ segment_id: ' 77' }) ?? '', /segment_id " 77" is not a segment/);
  assert.match(csv({ segment_ids: '"[""1"", 7.0]"' }) ?? '', /got 7\.0$/);
  assert.match(csv({ expiration_ts: ' 1.50 ' }) ?? '', /got " 1\.50 "$/);
  assert.match(csv({ data_bag: '[1]' }) ?? '', /got "\[1\]"$/);
});

test('a long text is cut between two characters, and the message says so', () => {
  const message = json(`"operation":"${'x'.repeat(98)}😀${'y'.repeat(400)}"`) ?? '';
  assert.match(message, /got "x{98}… \(cut, it has 502 characters\)$/);
  assert.ok(message.isWellFormed());
  assert.ok((json(`"operation":"${'x'.repeat(98)}"`) ?? '').endsWith(`"${'x'.repeat(98)}"`));
});

test('no message shows an address that stands where a hash belongs', () => {
  for (const value of [
    '"ann@example.com"',
    '["ann@example.com"]',
    '{"a":"ann@example.com"}',
    '"ann\\u0040example.com"',
  ])
    assert.doesNotMatch(json('"user_agent_id":null', `"email_hash":${value}`) ?? 'ann', /ann/);
});

const LAST = 253_402_300_799_999;

test('an expiry lies within the calendar, in milliseconds, and is whole', () => {
  const minutes = (end: number) => Math.floor((end - START_DATE) / 60_000);
  const taken = [
    '0',
    '-0',
    '0.0',
    '"0"',
    '100000000000',
    '"100000000000.0"',
    '1e11',
    `${LAST}`,
    `"${LAST}"`,
    '2.53402300799999E14',
  ];
  for (const value of taken) assert.equal(json(`"expiration_ts":${value}`), null, value);
  const looks = 'which looks like microseconds or nanoseconds';
  for (const value of [`${LAST + 1}`, `"${LAST + 1}"`, '1800000000000000', '"1800000000000000000"', '1e300'])
    assert.match(
      json(`"expiration_ts":${value}`) ?? '',
      new RegExp(`INVALID_EXPIRATION: .*at most 9999.*got ${value}, ${looks}$`),
    );
  for (const value of ['1', '"99999999999"', '9.9999999999E10'])
    assert.match(json(`"expiration_ts":${value}`) ?? '', /INVALID_EXPIRATION: .*looks like seconds$/);
  for (const value of ['-1', '1.5', '"x"', 'true', '[]', '"010"', '"1_000"', '"0x10"', '1e-400', '" 10"'])
    assert.match(
      json(`"expiration_ts":${value}`) ?? '',
      /INVALID_EXPIRATION: .*whole number of milliseconds/,
      value,
    );
  for (const value of ['10', '"10"', '10.0', '1e1', `${minutes(LAST)}`, '0', '-0'])
    assert.equal(json('"expiration_ts":null', `"expiration_duration":${value}`), null, value);
  for (const value of [`${minutes(LAST) + 1}`, '1e16', '9007199254740993', '"1e400"'])
    assert.match(
      json('"expiration_ts":""', `"expiration_duration":${value}`) ?? '',
      /INVALID_EXPIRATION: .*end by 9999/,
      value,
    );
  for (const value of ['-1', '1.5', '"7d"', 'false'])
    assert.match(
      json('"expiration_ts":""', `"expiration_duration":${value}`) ?? '',
      /INVALID_EXPIRATION: .*whole number of minutes/,
    );
  assert.equal(json(`"expiration_ts":${LAST}`, '"expiration_duration":"never"'), null);
  assert.equal(csv({ expiration_ts: ` ${LAST} ` }), null);
  assert.match(csv({ expiration_ts: `${LAST + 1}` }) ?? '', /INVALID_EXPIRATION/);
});

test('messages name what was most likely meant', () => {
  const operation = (text: string) => json(`"operation":"${text}"`) ?? '';
  assert.match(operation('delete'), /; did you mean DELETE\?$/);
  assert.match(operation('UPDTE'), /; did you mean UPDATE\?$/);
  assert.doesNotMatch(operation('ADD'), /did you mean/);

  const named = (name: string) => json('"segment_id":null', `"segment_technical_name":"${name}"`) ?? '';
  for (const name of ['VIP-É', 'vip', 'v-i-p o é'])
    assert.match(named(name), name === 'vip' ? /this datamart$/ : /; did you mean "vip é"\?$/, name);
  assert.doesNotMatch(named('x'.repeat(10_000)), /did you mean/);
  assert.match(named('1'), /but an id: did you mean segment_id\?$/);
  assert.match(
    json('"segment_id":"vip é"') ?? '',
    /but a technical name: did you mean segment_technical_name\?$/,
  );
});
