import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { correctionNaming } from '../../console/src/executions/retry-file.ts';
import { MAX_HEADER_BYTES } from '../../src/import/csv-header.ts';
import { isRejection } from '../../src/import/document-format.ts';
import { checkMapping } from '../../src/import/mapping/check-mapping.ts';
import { parseCommand } from '../../src/import/parse-command.ts';
import { readFormatOf } from '../../src/import/read-format.ts';
import { csvLine } from '../../src/import/rejections.ts';
import { type SegmentName, type UnknownLine, unknownLinesIn } from '../../src/import/unknown-segments.ts';
import { buildCatalogue } from '../../src/model/catalogue.ts';
import type { Job } from '../../src/model/execution.ts';
import type { Mapping } from '../../src/model/mapping.ts';
import type { MimeType } from '../../src/model/records.ts';
import { runs } from '../client.ts';

const catalogue = buildCatalogue({
  ...{ datamartId: '1', version: 0, segments: [] },
  selections: [{ compartmentId: '1', isDefault: true, token: 'c', archived: false }],
});
const JOB: Job = { type: 'DOCUMENT_IMPORT', documentImportId: '1' };

type Reading = { readonly mimeType: MimeType; readonly mapping: Mapping | null };

/** The error file of a document in a datamart without segments, with messages of its own. */
function errorsOf(document: string, of: Reading, messages: readonly string[]): string {
  const bytes = Buffer.from(document);
  const read = readFormatOf(bytes, { ...of, profile: 'COMMANDS' });
  assert.ok(read.ok);
  const { start, createSplitter, errorFileHeader, errorLine } = read.format;
  const lines = createSplitter(start)
    .push(bytes.subarray(start.offset), true)
    .map((record, i) => {
      const { content } = record;
      const outcome = isRejection(content) ? content : parseCommand(content, { catalogue, startDate: 0 });
      assert.ok(isRejection(outcome));
      return errorLine(record, { ...outcome, message: messages[i % messages.length] ?? '' });
    });
  return [errorFileHeader, ...lines].join('');
}

async function unknownIn(errors: string, of: Reading & { readonly job?: Job }): Promise<UnknownLine[]> {
  const bytes = Buffer.from(errors);
  const file = { read: async (at: number, length: number) => bytes.subarray(at, at + length) };
  const lines: UnknownLine[] = [];
  for await (const line of unknownLinesIn(file, { job: JOB, ...of })) lines.push(line);
  return lines;
}

function mappingOf(given: Parameters<typeof checkMapping>[0]): Mapping {
  const checked = checkMapping(given);
  assert.ok(checked.ok);
  return checked.mapping;
}

const NDJSON = { mimeType: 'APPLICATION_X_NDJSON', mapping: null } as const;
const FIELDS = ['segment_id', 'segment_ids', 'segment_technical_name', 'segment_technical_names'] as const;

/** What a line gives for each of the fields. */
type Given = { readonly [Field in (typeof FIELDS)[number]]?: unknown };

const ID = fc.oneof(fc.nat(), fc.nat().map(String), fc.constantFrom('vip', '12345678901234567890'));
const NAME = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('vip', 'a "b"', '[x', 'x is not a segment of this datamart', '; did you mean "y"?'),
  fc.integer({ min: 250, max: 260 }).map((length) => '😀'.repeat(length)),
);
const GIVEN = fc.record(
  {
    segment_id: ID,
    segment_ids: fc.array(ID, { maxLength: 3 }),
    segment_technical_name: NAME,
    segment_technical_names: fc.array(NAME, { maxLength: 3 }),
  },
  { requiredKeys: [] },
);
const MESSAGE = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    'segment_technical_name "other" is not a segment of this datamart',
    'segment_id 7 is no segment of this datamart',
    'UNKNOWN_SEGMENT',
  ),
);

function documentOf(
  lines: readonly Given[],
  { mimeType }: Reading,
  nameOf: (field: string) => string,
): string {
  const rest = { operation: 'UPDATE', expiration_duration: 0, [nameOf('user_account_id')]: 'u' };
  if (mimeType !== 'TEXT_CSV')
    return lines
      .map((line) => Object.entries(line).map(([field, value]) => [nameOf(field), value] as const))
      .map((members) => `${JSON.stringify({ ...rest, ...Object.fromEntries(members) })}\n`)
      .join('');
  const cell = (value: unknown) => (Array.isArray(value) ? JSON.stringify(value) : String(value ?? ''));
  const rows = lines.map((line) => [...Object.values(rest).map(String), ...FIELDS.map((f) => cell(line[f]))]);
  return [[...Object.keys(rest), ...FIELDS.map(nameOf)], ...rows].map((row) => csvLine(row, ',')).join('');
}

function expectedOf(given: Given): SegmentName[] {
  const of = (kind: SegmentName['kind'], single: unknown, several: unknown = []) => {
    const names = [single ?? '', ...(several as unknown[])].map(String).filter((name) => name.trim() !== '');
    const shown = names.map((name) =>
      [...name].length > 255 ? `${[...name].slice(0, 255).join('')}…` : name,
    );
    return [...new Set(shown)].map((name) => ({ kind, name }));
  };
  return [
    ...of('ID', given.segment_id, given.segment_ids),
    ...of('TECHNICAL_NAME', given.segment_technical_name, given.segment_technical_names),
  ];
}

const RENAMED = mappingOf({
  columns: Object.fromEntries(['user_account_id', ...FIELDS].map((field) => [`own ${field}`, field])),
});

for (const mimeType of ['APPLICATION_X_NDJSON', 'APPLICATION_PARQUET', 'TEXT_CSV'] as const)
  for (const mapping of [null, RENAMED])
    test(`${mimeType}${mapping ? ', mapped' : ''}: names are those of the lines, whatever their messages say`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(GIVEN, { minLength: 1, maxLength: 6 }),
          fc.array(MESSAGE, { minLength: 1 }),
          async (lines, messages) => {
            const of = { mimeType, mapping };
            const nameOf = (field: string) => (mapping === null ? field : `own ${field}`);
            const errors = errorsOf(documentOf(lines, of, nameOf), of, messages);
            const first = mimeType === 'TEXT_CSV' ? 2 : 1;
            const expected = lines
              .map((given, i) => ({ line: first + i, names: expectedOf(given) }))
              .filter(({ names }) => names.length > 0);
            assert.deepEqual(await unknownIn(errors, of), expected);
          },
        ),
        { numRuns: runs(200) },
      );
    });

test('a mapping says what is named: nested members, words of its own, a constant', async () => {
  const mapping = mappingOf({
    columns: { 'user.id': 'user_account_id', 'group.name': 'segment_technical_name' },
    values: { segment_technical_name: { gold: 'vip_gold' } },
    defaults: { operation: 'UPDATE', expiration_duration: 0, segment_technical_name: 'everyone' },
  });
  const of = { mimeType: 'APPLICATION_X_NDJSON', mapping } as const;
  const document = [
    '{"user":{"id":"a"},"group":{"name":"Gold"}}',
    '{"user":{"id":"b"}}',
    '{"user":{"id":"c"},"group":{"name":"silver"}}',
  ].join('\n');
  const named = await unknownIn(errorsOf(document, of, ['']), of);
  assert.deepEqual(
    named.map(({ names }) => names),
    ['vip_gold', 'everyone', 'silver'].map((name) => [{ kind: 'TECHNICAL_NAME', name }]),
  );
});

test('lines that failed for another reason, were erased, or stand for omitted ones name nothing', async () => {
  const line = (number: number, code: string, own: object) =>
    JSON.stringify({ ...own, error_line: number, error_code: code, error_message: 'UNKNOWN_SEGMENT' });
  const errors = [
    line(3, 'UNKNOWN_SEGMENT', { segment_id: 7 }),
    '',
    line(5, 'MISSING_IDENTIFIER', { segment_technical_name: 'two' }),
    line(6, 'INVALID_JSON', { error_raw: '{"segment_id":8,"error_code":"UNKNOWN_SEGMENT"' }),
    '{"error_code":"ERROR_LINES_OMITTED","error_message":"UNKNOWN_SEGMENT"}',
  ];
  assert.deepEqual(await unknownIn(errors.join('\n'), NDJSON), [
    { line: 3, names: [{ kind: 'ID', name: '7' }] },
  ]);
  // a header that is as long as there is, but for the columns of errors
  const wide = `error_line,error_code,error_message,operation,${'x'.repeat(MAX_HEADER_BYTES - 10)}`;
  const text = `${wide}\n2,UNKNOWN_SEGMENT,,UPDATE,\n`;
  assert.deepEqual(await unknownIn(text, { mimeType: 'TEXT_CSV', mapping: null }), [{ line: 2, names: [] }]);
});

test('a list of users names its segment, below a line that names the separator too', async () => {
  const errors = 'sep=;\nerror_line;error_code;error_message;user_account_id\n4;UNKNOWN_SEGMENT;;a\n';
  const job: Job = { type: 'USER_SEGMENT_IMPORT', segmentId: '7' };
  assert.deepEqual(await unknownIn(errors, { mimeType: 'TEXT_CSV', mapping: null, job }), [
    { line: 4, names: [{ kind: 'ID', name: '7' }] },
  ]);
});

test('the console sends the lines again that name a segment, whatever their messages say', async () => {
  const lines = ['one', 'two', 'one'].map((name) => ({ segment_technical_names: ['vip', name] }));
  const errors = errorsOf(documentOf(lines, NDJSON, String), NDJSON, ['segment_technical_names "two" is …']);
  const sent = await correctionNaming(
    errors,
    { kind: 'TECHNICAL_NAME', name: 'one' },
    { job: JOB, ...NDJSON },
  );
  assert.deepEqual(sent.lines, [1, 3]);
  assert.deepEqual(
    sent.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
    [1, 3].map((error_line) => ({
      ...{ error_line, operation: 'UPDATE', expiration_duration: 0, user_account_id: 'u' },
      segment_technical_names: ['vip', 'one'],
    })),
  );
});
