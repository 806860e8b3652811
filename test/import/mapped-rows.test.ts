import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkMapping, type MappingInput } from '../../src/import/mapping/check-mapping.ts';
import { readFormatOf } from '../../src/import/read-format.ts';
import { assertSame, readDocument } from './both-ways.ts';

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

test('the first day of 1970 is no way to write never', () => {
  const mapping: MappingInput = {
    columns: { id: 'user_account_id', until: 'expiration_ts' },
    formats: { until: 'iso_8601' },
  };
  const rows = ['id,until', 'a,1970-01-01', 'b,1970-01-01T00:00:00Z', 'c,0', 'd,2035-01-02'];
  const expected = ['INVALID_EXPIRATION', 'INVALID_EXPIRATION', 'c 0', `d ${Date.UTC(2035, 0, 2)}`];
  assert.deepEqual(outcomes(mapping, rows), expected);
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
