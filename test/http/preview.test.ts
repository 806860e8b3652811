import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { MappingInput } from '../../src/import/mapping/check-mapping.ts';
import { createSegment, dataOf, runFile } from '../client.ts';
import { startService, type TestService } from '../helper.ts';

const IMPORTS = '/v1/datamarts/1/document_imports';
const PREVIEW = `${IMPORTS}/preview`;

type Preview = {
  readonly refusal: { readonly error_code: string; readonly error: string } | null;
  readonly separator: string | null;
  readonly columns: readonly {
    readonly name: string;
    readonly field: string | null;
    readonly reason?: string;
  }[];
  readonly lines: readonly {
    readonly line: number;
    readonly values: readonly unknown[] | null;
    readonly command: Record<string, unknown> | null;
    readonly error_code: string | null;
    readonly error_message: string | null;
  }[];
  readonly failures_by_code: Readonly<Record<string, number>>;
  readonly warnings: Readonly<Record<string, number>>;
  readonly warning_lines: readonly {
    readonly line: number | null;
    readonly code: string;
    readonly message: string;
  }[];
  readonly mapping: MappingInput | null;
  readonly suggestion: {
    readonly missing: readonly { readonly what: string }[];
    readonly notes: readonly string[];
  } | null;
};

const CRM = [
  'Customer ID;Email;Segment;Op;Expires',
  'C-1;;vip;add;2030-12-31',
  ';Ada.Lovelace@Analytical.Example;vip;Add;never',
  'C-3;grace@hopper.example;vip;add;2030-12-31T12:00:00+02:00',
  'C-4;;vip;remove;',
  '',
].join('\n');

const preview = (service: TestService, body: object) => dataOf<Preview>(service.call('POST', PREVIEW, body));

/** Whether a text is in any file under a folder. */
async function holds(folder: string, text: string): Promise<boolean> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const content = (await readFile(path.join(entry.parentPath, entry.name))).toString('latin1');
    if (content.toLowerCase().includes(text)) return true;
  }
  return false;
}

test('a sample without a mapping gets one, with reasons, and what its lines come to', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const found = await preview(service, { mime_type: 'TEXT_CSV', sample: CRM, whole: true });
  assert.equal(found.refusal, null);
  assert.equal(found.separator, ';');
  assert.deepEqual(
    found.columns.map(({ name, field }) => [name, field]),
    [
      ['Customer ID', 'user_account_id'],
      ['Email', 'email_hash'],
      ['Segment', 'segment_technical_name'],
      ['Op', 'operation'],
      ['Expires', 'expiration_ts'],
    ],
  );
  assert.equal(found.columns[1]?.reason, '`Email` holds addresses in 2 of 4 rows: hashed as email_hash');
  assert.deepEqual(found.suggestion, { missing: [], notes: [] });
  const [first, second, , fourth] = found.lines;
  assert.deepEqual(first, {
    line: 2,
    values: ['C-1', '', 'vip', 'add', '2030-12-31'],
    command: {
      operation: 'UPDATE',
      user_account_id: 'C-1',
      compartment_id: '1',
      segments: [
        { segment_id: segmentId, segment_technical_name: 'vip', expiration_ts: Date.parse('2030-12-31') },
      ],
      data_bag: null,
    },
    error_code: null,
    error_message: null,
  });
  assert.match(String(second?.command?.email_hash), /^[\da-f]{64}$/);
  assert.equal(fourth?.command?.operation, 'DELETE');
  assert.deepEqual({ ...found.failures_by_code }, {});

  // nothing of it was kept: no import, no execution, and no byte of an address
  assert.deepEqual(await dataOf(service.call('GET', IMPORTS)), []);
  assert.equal(await holds(service.config.data, 'ada.lovelace'), false);

  // what was suggested does what it said
  const body = { name: 'CRM', mime_type: 'TEXT_CSV', mapping: found.mapping };
  const { id } = await dataOf<{ id: string }>(service.call('POST', IMPORTS, body));
  const { result } = await runFile(service, 'CSV', CRM, { documentImportId: id });
  assert.deepEqual([result.total_success, result.total_failure], [4, 0]);
});

test('a sample is read by the mapping of the request, or by none', async (t) => {
  const service = await startService(t);
  await createSegment(service, { name: 'VIP', technical_name: 'vip' });
  const mapping = {
    columns: { id: 'user_account_id', 'list.name': 'segment_technical_name' },
    defaults: { operation: 'UPDATE', expiration_duration: 0 },
  };
  const sample = [
    { id: 'a', list: { name: 'vip' }, note: 1 },
    { id: ' b', list: { name: 'vib' } },
    { id: true, list: { name: 'vip' } },
  ].map((line) => JSON.stringify(line));
  const body = { mime_type: 'APPLICATION_X_NDJSON', sample: `${sample.join('\n')}\nno json\n{"id":"cut` };
  const found = await preview(service, { ...body, mapping });
  assert.deepEqual(
    found.lines.map(({ line, error_code }) => [line, error_code]),
    [
      [1, null],
      [2, 'UNKNOWN_SEGMENT'],
      [3, 'INVALID_TYPE'],
      [4, 'INVALID_JSON'],
    ],
  );
  assert.match(found.lines[1]?.error_message ?? '', /"vib" is not a segment/);
  assert.equal(found.lines[3]?.values, null);
  assert.deepEqual(
    found.columns.map(({ name, field }) => [name, field]),
    [
      ['id', 'user_account_id'],
      ['list.name', 'segment_technical_name'],
      ['note', null],
    ],
  );
  assert.deepEqual({ ...found.failures_by_code }, { UNKNOWN_SEGMENT: 1, INVALID_TYPE: 1, INVALID_JSON: 1 });
  assert.deepEqual({ ...found.warnings }, { UNKNOWN_FIELD: 1 });
  assert.match(found.warning_lines[0]?.message ?? '', /"note" is not a field/);
  assert.equal(found.suggestion, null);

  const plain = await preview(service, { ...body, mapping: null });
  assert.deepEqual({ ...plain.failures_by_code }, { INVALID_OPERATION: 3, INVALID_JSON: 1 });
  const refused = await preview(service, { mime_type: 'TEXT_CSV', sample: CRM, mapping: null });
  assert.equal(refused.refusal?.error_code, 'INVALID_HEADER');
  assert.deepEqual(refused.lines, []);
  const pdf = await preview(service, { mime_type: 'TEXT_CSV', sample: '%PDF-1.7\n1;2\n', whole: true });
  assert.deepEqual([pdf.refusal?.error_code, pdf.suggestion], ['UNSUPPORTED_FILE', null]);
});

test('segments of another datamart are none', async (t) => {
  const service = await startService(t);
  const other = await dataOf<{ id: string }>(service.call('POST', '/v1/datamarts', { name: 'other' }));
  await createSegment(service, { name: 'secret', technical_name: 'secret', datamart_id: other.id });
  const sample = 'customer_id;segment;expires\n1;secret;2030-12-31\n';
  const found = await preview(service, { mime_type: 'TEXT_CSV', sample });
  assert.deepEqual({ ...found.failures_by_code }, { UNKNOWN_SEGMENT: 1 });
  assert.doesNotMatch(JSON.stringify(found.columns), /this datamart has/);
});

test('what is no sample is refused, and what is cut in a character is none', async (t) => {
  const service = await startService(t);
  const of = { mime_type: 'TEXT_CSV' };
  const refusals: readonly (readonly [object, RegExp])[] = [
    [of, /one of sample and sample_base64/],
    [{ ...of, sample: 'a', sample_base64: 'YQ==' }, /one of sample and sample_base64/],
    [{ ...of, sample_base64: 'a b' }, /must be base64/],
    [{ ...of, sample: 'é'.repeat(32 * 1024 + 1) }, /at most 65536 bytes, got 65538/],
    [{ ...of, sample_base64: gzipSync(CRM).toString('base64') }, /decompressed, got gzip/],
    [{ ...of, sample: 'a', mapping: { columns: { a: 'b' } } }, /must be a field of commands/],
    [{ mime_type: 'text/csv', sample: 'a' }, /mime_type/],
  ];
  for (const [body, message] of refusals) {
    const { status, text } = await service.call('POST', PREVIEW, body);
    assert.equal(status, 400, text);
    assert.match(text, message);
  }
  const cut = Buffer.from('customer_id;segment\n1;vip\n2;é').subarray(0, -1);
  const found = await preview(service, { ...of, sample_base64: cut.toString('base64') });
  assert.deepEqual(
    found.lines.map(({ line }) => line),
    [2],
  );
  const empty = await preview(service, { ...of, sample: ' \n', whole: true });
  assert.equal(empty.refusal?.error_code, 'EMPTY_FILE');
});
