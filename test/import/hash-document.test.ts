import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkMapping, type MappingInput } from '../../src/import/mapping/check-mapping.ts';
import { createDocumentHasher } from '../../src/import/mapping/hash-document.ts';
import { hashValue } from '../../src/import/mapping/hash-rules.ts';
import { readFormatOf } from '../../src/import/read-format.ts';
import type { HashRule } from '../../src/model/mapping.ts';
import type { MimeType } from '../../src/model/records.ts';
import { runs } from '../client.ts';
import { readDocument } from './both-ways.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const MASK = '***@***';

const MAPPING: MappingInput = {
  columns: { Segment: 'segment_technical_name', Phone: 'user_account_id' },
  hash: { Email: 'sha256', Phone: 'google_phone' },
  defaults: { operation: 'UPDATE', expiration_duration: 0 },
};

function mappingOf(input: MappingInput) {
  const checked = checkMapping(input);
  assert.ok(checked.ok);
  return checked.mapping;
}

function hashed(document: Buffer, mimeType: MimeType, cuts: readonly number[] = [], input = MAPPING): Buffer {
  const hasher = createDocumentHasher({ mapping: mappingOf(input), mimeType }, sha256);
  const out: Buffer[] = [];
  let at = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    out.push(hasher.take(document.subarray(at, cut)));
    at = cut;
  }
  out.push(hasher.take(document.subarray(at)), hasher.end());
  return Buffer.concat(out);
}

test('addresses and numbers are hashed as Google and Meta publish it', () => {
  const cases: readonly (readonly [HashRule, string, string | null])[] = [
    ['sha256', ' John_Smith@gmail.com ', 'john_smith@gmail.com'],
    ['meta_email', 'John_Smith@gmail.com', 'john_smith@gmail.com'],
    ['google_email', 'Jane.Doe@Gmail.com', 'janedoe@gmail.com'],
    ['google_email', 'jane.doe@googlemail.com', 'janedoe@googlemail.com'],
    ['google_email', 'jane.doe@example.com', 'jane.doe@example.com'],
    ['google_phone', '+1 (650) 555-1212', '+16505551212'],
    ['google_phone', '0049 170 1234567', '+491701234567'],
    ['google_phone', '0170 1234567', null],
    ['meta_phone', '+1 (650) 555-1212', '16505551212'],
    ['meta_phone', '12', null],
    // a trunk zero stands for no country, and what is no number is none
    ['meta_phone', '0612345678', null],
    ['meta_phone', '0049 170 1234567', '491701234567'],
    ['meta_phone', 'j.smith1234567@x.example', null],
    ['meta_phone', '2026-01-31T00:00', null],
    ['sha256', 'nobody', null],
    ['sha256', 'a b@c.example', null],
    ['sha256', '@c.example', null],
    // an error file that is sent again as it is makes no user of its mask
    ['sha256', MASK, null],
    ['google_email', ` ${MASK}`, null],
  ];
  for (const [rule, value, clear] of cases)
    assert.equal(hashValue(rule, value, sha256), clear === null ? null : sha256(clear), `${rule} ${value}`);
  // the outputs that Meta publishes
  const published = '62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f';
  assert.equal(hashValue('meta_email', 'John_Smith@gmail.com', sha256), published);
  const number = 'e323ec626319ca94ee8bff2e4c87cf613be6ea19919ed1364124e16807ab3176';
  assert.equal(hashValue('meta_phone', '1(650)555-1212', sha256), number);
  // a hash is kept, in small letters
  assert.equal(hashValue('sha256', ` ${published.toUpperCase()}`, sha256), published);
});

const value = fc.constantFrom(
  ...['', ' ', 'ann@a.example', ' Ann@A.example ', 'nobody', sha256('x'), sha256('x').toUpperCase()],
);
const phone = fc.constantFrom('', '+49 170 1234567', '0170', sha256('y'));
const plainCell = fc.constantFrom('alpha', 'a "quoted" one', 'two\nlines', 'se;mi', 'é', '');

/** What is kept of a value. */
function kept(rule: HashRule, text: string): string {
  return text.trim() === '' ? text : (hashValue(rule, text, sha256) ?? MASK);
}

const quote = (cell: string, always: boolean) =>
  always || /[";\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;

test('a CSV is hashed cell by cell however it is cut; nothing else of it changes', () => {
  const row = fc.record({ email: value, phone, segment: plainCell, isQuoted: fc.boolean() });
  const document = fc.record({
    rows: fc.array(row, { maxLength: 8 }),
    newline: fc.constantFrom('\n', '\r\n'),
    bom: fc.constantFrom('', '\ufeff'),
    cuts: fc.array(fc.nat(300), { maxLength: 6 }),
  });
  fc.assert(
    fc.property(document, ({ rows, newline, bom, cuts }) => {
      const write = (change: (rule: HashRule, text: string) => string) =>
        rows
          .map(({ email, phone, segment, isQuoted }) => {
            const cells = [quote(segment, false), quote(change('google_phone', phone), isQuoted)];
            return [quote(change('sha256', email), isQuoted), ...cells].join(';') + newline;
          })
          .join('\n');
      const header = `${bom}EMAIL;Segment;phone${newline}`;
      const before = Buffer.from(header + write((_, text) => text));
      const after = hashed(before, 'TEXT_CSV', cuts);
      assert.deepEqual(cellsOf(after), cellsOf(Buffer.from(header + write(kept))));
      assert.equal(countLines(after), countLines(before));
    }),
    { numRuns: runs(300) },
  );
});

test('NDJSON is hashed member by member however it is cut; nothing else of it changes', () => {
  const record = fc.record({
    Email: value,
    Phone: phone,
    Segment: plainCell,
    note: fc.constantFrom(12.5, null, 'x'),
  });
  fc.assert(
    fc.property(
      fc.array(record, { maxLength: 8 }),
      fc.array(fc.nat(600), { maxLength: 6 }),
      (records, cuts) => {
        const write = (change: (rule: HashRule, text: string) => string) =>
          records
            .map((each) => ({
              ...each,
              Email: change('sha256', each.Email),
              Phone: change('google_phone', each.Phone),
            }))
            .map((each) => JSON.stringify(each))
            .join('\r\n\n');
        const after = hashed(Buffer.from(write((_, text) => text)), 'APPLICATION_X_NDJSON', cuts);
        assert.equal(after.toString(), write(kept));
      },
    ),
    { numRuns: runs(300) },
  );
});

test('a clear value is hashed wherever a name with dots may mean it', () => {
  const input: MappingInput = { hash: { 'contact.mail': 'sha256' } };
  const write = (text: string) =>
    [
      `{"contact.mail":"${text}","contact":{"mail":"${text}"}}`,
      `{"contact":{"mail":"${text}"},"contact.mail":null}`,
      `{"contact":{"mail":"${text}","mail":"${text}"},"contact":{"mail":"${text}"}}`,
    ].join('\n');
  const after = hashed(Buffer.from(write('ann@a.example')), 'APPLICATION_X_NDJSON', [], input);
  assert.equal(after.toString(), write(sha256('ann@a.example')));
});

test('a word of the mapping is no clear value, and stays for the import to read', () => {
  const input: MappingInput = {
    hash: { Email: 'sha256' },
    values: { email_hash: { 'n/a': '' } },
    defaults: { operation: 'UPDATE' },
  };
  const csv = 'Email;Other\nN/A;1\nann@a.example;2\n';
  const after = hashed(Buffer.from(csv), 'TEXT_CSV', [], input);
  assert.equal(after.toString(), csv.replace('ann@a.example', sha256('ann@a.example')));
  const json = '{"Email":" n/a "}\n';
  assert.equal(hashed(Buffer.from(json), 'APPLICATION_X_NDJSON', [], input).toString(), json);
});

test('what cannot be read is masked, fails as it would have, and keeps its lines', () => {
  const long = 'x'.repeat(1024 * 1024);
  const csv = [
    'Email;Segment;Phone',
    '"ann@a.example"x;alpha;+491701234567',
    'ann@a.example;alpha;+491701234567;ann@a.example',
    `${long}ann@a.example;alpha;+491701234567`,
    `ann@a.example;"${long};+491701234567`,
    'ann@a.example;alpha;',
  ].join('\n');
  const ndjson = [
    '{"Email":"ann@a.example","Segment":"alpha","Phone":"+491701234567"',
    'ann@a.example',
    `{"Email":"ann\\u0040a.example",}`,
    `{"Segment":"${long}","Email":"ann@a.example"}`,
    `{"Email":"ann@a.example"`,
    ...Array.from({ length: 6 }, () => `ann@a.example ${long}`),
    '{"Email":"ann@a.example","Segment":"alpha"}',
  ].join('\n');
  for (const [text, mimeType] of [
    [csv, 'TEXT_CSV'],
    [ndjson, 'APPLICATION_X_NDJSON'],
  ] as const) {
    const before = Buffer.from(text);
    for (const cuts of [[], [9, 70_000, 1_100_000, 3_000_000, 6_000_000]]) {
      const after = hashed(before, mimeType, cuts);
      assert.doesNotMatch(after.toString('latin1'), /ann@|ann\\u0040|1701234567/);
      assert.equal(countLines(after), countLines(before));
      assert.deepEqual(codesOf(after, mimeType), codesOf(before, mimeType));
    }
  }
});

function countLines(bytes: Buffer): number {
  return bytes.toString('latin1').split('\n').length;
}

/** What the rows of a CSV hold, by line. */
function cellsOf(document: Buffer): unknown {
  const read = readFormatOf(document, {
    mimeType: 'TEXT_CSV',
    profile: 'COMMANDS',
    mapping: mappingOf(MAPPING),
  });
  assert.ok(read.ok);
  const { format } = read;
  const records = format.createSplitter(format.start).push(document.subarray(format.start.offset), true);
  return records.map(({ line, content }) => [line, 'fields' in content ? content.fields : content]);
}

/** Lines with the codes of those that fail. */
function codesOf(document: Buffer, mimeType: MimeType): readonly (readonly [number, string])[] {
  const read = readFormatOf(document, { mimeType, profile: 'COMMANDS', mapping: mappingOf(MAPPING) });
  assert.ok(read.ok);
  const { outcomes } = readDocument(read.format, document, 'reference', 1 << 20);
  return outcomes.map((each) => {
    const [line, outcome] = JSON.parse(each) as [number, { code?: string }];
    return [line, outcome.code?.replace('INVALID_ADDRESS', '') ?? ''] as const;
  });
}
