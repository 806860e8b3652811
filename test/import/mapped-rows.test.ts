import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkMapping, type MappingInput } from '../../src/import/mapping/check-mapping.ts';
import { readFormatOf } from '../../src/import/read-format.ts';
import { assertSame, readDocument, START_DATE } from './both-ways.ts';

/** What the rows of a CSV come to: the user and when they leave, or the code. */
function outcomes(input: MappingInput, rows: readonly string[]): readonly string[] {
  const checked = checkMapping({
    ...input,
    defaults: { operation: 'UPDATE', segment_technical_name: 'alpha', ...input.defaults },
  });
  assert.ok(checked.ok);
  const document = Buffer.from(`${rows.join('\n')}\n`);
  const of = { mimeType: 'TEXT_CSV', profile: 'COMMANDS', mapping: checked.mapping } as const;
  const read = readFormatOf(document, of);
  assert.ok(read.ok);
  assertSame(read.format, document, 100);
  return readDocument(read.format, document, 'plain', 100).outcomes.map((text) => {
    const [, { code, value, expiresAt }] = JSON.parse(text) as [number, Record<string, unknown>];
    return code === undefined ? `${value} ${expiresAt}` : String(code);
  });
}

test('what keeps spreadsheets from making a number of an id is no part of it, where the mapping says so', () => {
  const columns = { id: 'user_account_id', device: 'user_agent_id' };
  const defaults = { expiration_duration: 0 };
  const rows = ['id,device', "'00123,", '"=""00123""",', 'plain,', "',x", '=1,', '"=""a""""b""",'];
  const marked = { columns, defaults, formats: { id: 'spreadsheet_text' } };
  const ids = ['00123', '00123', 'plain', 'x', '=1', 'a"b'];
  assert.deepEqual(
    outcomes(marked, rows),
    ids.map((id) => `${id} 0`),
  );
  assert.deepEqual(outcomes({ columns, defaults }, rows.slice(0, 3)), ["'00123 0", '="00123" 0']);
});

test('the header again is no user, though a mapping has all the rest, and neither is a line that names a separator', () => {
  const defaults = { expiration_duration: 0 };
  const rows = ['id', 'a', 'id', ' ID', 'sep=;', 'b'];
  const expected = ['a 0', 'INVALID_CSV', 'INVALID_CSV', 'INVALID_CSV', 'b 0'];
  assert.deepEqual(outcomes({ columns: { id: 'user_account_id' }, defaults }, rows), expected);
  const own = rows.map((row) => row.replace(/id/i, 'user_account_id'));
  assert.deepEqual(
    outcomes({ columns: { lists: 'segment_ids' }, defaults, optional: ['lists'] }, own),
    expected,
  );
});

test('the first day of 1970 is no way to write never', () => {
  const mapping: MappingInput = {
    columns: { id: 'user_account_id', until: 'expiration_ts' },
    formats: { until: 'iso_8601' },
  };
  const rows = ['id,until', 'a,1970-01-01', 'b,1970-01-01T00:00:00Z', 'c,0', 'd,2035-01-02'];
  const expected = ['INVALID_EXPIRATION', 'INVALID_EXPIRATION', 'c 0', `d ${Date.UTC(2035, 0, 2)}`];
  assert.deepEqual(outcomes(mapping, rows), expected);
});

test('durations are written with their unit, or as ISO 8601, where the mapping says so', () => {
  const END = START_DATE + 30 * 86_400_000;
  const columns = { id: 'user_account_id', ttl: 'expiration_duration' };
  const failed = 'INVALID_EXPIRATION';
  assert.deepEqual(
    outcomes({ columns, formats: { ttl: 'with_unit' } }, [
      'id,ttl',
      'a,30d',
      'b,720 hours',
      'c,P30D',
      'd,30',
      'e,0d',
    ]),
    [`a ${END}`, `b ${END}`, failed, failed, 'e 0'],
  );
  assert.deepEqual(
    outcomes({ columns, formats: { ttl: 'iso_8601' } }, [
      'id,ttl',
      'a,P30D',
      'b,PT720H',
      'c,30d',
      'd,P1M',
      'e,0',
    ]),
    [`a ${END}`, `b ${END}`, failed, failed, 'e 0'],
  );
});

test('a header may lack optional columns, whose defaults stand in then', () => {
  const mapping: MappingInput = {
    columns: { id: 'user_account_id', ttl: 'expiration_duration', op: 'operation' },
    formats: { ttl: 'days' },
    defaults: { expiration_duration: 0 },
    optional: ['ttl', 'op'],
  };
  const END = START_DATE + 86_400_000;
  assert.deepEqual(outcomes(mapping, ['id', 'a']), ['a 0']);
  assert.deepEqual(outcomes(mapping, ['id,ttl', 'a,1', 'b,']), [`a ${END}`, 'b 0']);
  const checked = checkMapping({ ...mapping, optional: ['op'] });
  assert.ok(checked.ok);
  const of = { mimeType: 'TEXT_CSV', profile: 'COMMANDS', mapping: checked.mapping } as const;
  const read = readFormatOf(Buffer.from('id,op\na,UPDATE\n'), of);
  assert.match(read.ok ? '' : read.message, /expiration_duration from "ttl"/);
  const unknown = checkMapping({ ...mapping, optional: ['tll'] });
  assert.match(
    unknown.ok ? '' : unknown.message,
    /columns that the mapping reads, got "tll", did you mean "ttl"/,
  );
});

test('a header of names of its own says that a mapping is to be had', () => {
  const headerOf = (text: string) => {
    const read = readFormatOf(Buffer.from(text), { mimeType: 'TEXT_CSV', profile: 'COMMANDS' });
    return read.ok ? '' : read.message;
  };
  assert.match(
    headerOf('Customer ID;Email\n'),
    /got "customer id", "email"; .* need a mapping: muster imports map/,
  );
  assert.doesNotMatch(headerOf('user_account_id;segment_id\n'), /mapping/);
});

test('a row that an error file keeps in one cell is no user, though a mapping has all the rest', () => {
  const mapping: MappingInput = {
    columns: { id: 'user_account_id' },
    defaults: { expiration_duration: 0 },
  };
  const header = 'error_line,error_code,error_message,id,note';
  const rows = [header, '3,INVALID_CSV,why,"u1,""x",', '3,INVALID_CSV,why,u1,x', ',,,u2,'];
  assert.deepEqual(outcomes(mapping, rows), ['INVALID_CSV', 'u1 0', 'u2 0']);
});
