import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { DocumentFormat } from '../../src/import/document-format.ts';
import type { Sought } from '../../src/model/erasure.ts';
import type { MimeType } from '../../src/model/records.ts';
import { runs } from '../client.ts';
import { countWork, startCounting } from './work.ts';

startCounting();
const { readDocument } = await import('./both-ways.ts');
const { readCsvCells } = await import('../../src/import/csv-cells.ts');
const { createStartCheck } = await import('../../src/content/start/check-start.ts');
const { readFormatOf } = await import('../../src/import/read-format.ts');
const { findLines } = await import('../../src/import/redact/find-lines.ts');
const { withoutLines } = await import('../../src/import/redact/without-lines.ts');
const { ndjsonFormat } = await import('../../src/import/ndjson.ts');
const { buildCatalogue } = await import('../../src/model/catalogue.ts');

/** About how long the shortest of three files is; each is four times as long as the one before. */
const SHORT_BYTES = 3_000;
/**
 * Four times the bytes may take that much more work. What is quadratic takes sixteen times as much.
 */
const MOST_GROWTH = 6;

/** A text, once or again and again. */
type Piece = { readonly text: string; readonly isRepeated: boolean };

const TOKENS = {
  CSV: [
    ...['"', '""', '",', ',"', '","', ',', 'x', ' ', '\t', '\r', '\n', '\n', '\ufeff', '\\', '=', '@'],
    ...['"\n', '\n"', ' "', '" ', 'x",",\n', '""x', '\r\n', '[', '1,', '0', '1.0', 'UPDATE', '\xff', 'é'],
    ...[';', ';"', 'a b', 'x@', 'email_hash=', '\\"', '{"a":'],
  ],
  NDJSON: [
    ...[
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      ':',
      ',',
      '\n',
      '\n',
      ' ',
      '\t',
      '\r',
      '0',
      '1',
      '.',
      'e',
      '-',
      '\ufeff',
    ],
    ...['{"a":', '{"a":[', '{"a":\n', '{},\n', '{}\n', '"a",', '"a":1,', '"\n', '\n{', '},', '\\u0040', '@'],
    ...['"email_hash":"a@b",', '"segment_ids":[', '1.5,', '"expiration_ts":1.', 'é', '\\"'],
    ...['x', 'x@', 'a b', '"email_hash":"a', 'email_hash":"', '{"a":"', '{"operation":"UPDATE"', '[],', '""'],
  ],
} as const;

/** What a file of a format may begin with, so that more than its first byte is read. */
const STARTS = {
  CSV: [
    'operation,user_account_id,segment_ids,expiration_ts,email_hash\n',
    'operation',
    'operation,',
    'sep=,\n',
    ',,"",\n',
  ],
  NDJSON: [
    ...['', '{', '{"operation":"UPDATE","user_account_id":"a","segment_id":"1","expiration_ts":1.'],
    '{"operation":"UPDATE","user_account_id":"a","segment_ids":[',
  ],
} as const;
const ENDS = ['', '\n', '"', '"\n', '1', '1}', '1"}', '1]}', '}', '\nUPDATE,a\n', ']}', ']"'] as const;

function nastyFile(format: 'CSV' | 'NDJSON'): fc.Arbitrary<readonly Piece[]> {
  const text = fc
    .array(fc.constantFrom(...TOKENS[format]), { minLength: 1, maxLength: 6 })
    .map((tokens) => tokens.join(''));
  const once = (texts: readonly string[]) =>
    fc.constantFrom(...texts).map((each) => [{ text: each, isRepeated: false }]);
  const middle = fc.array(fc.record({ text, isRepeated: fc.boolean() }), { maxLength: 2 });
  const repeated = text.map((each) => [{ text: each, isRepeated: true }]);
  return fc.tuple(once(STARTS[format]), middle, repeated, middle, once(ENDS)).map((parts) => parts.flat());
}

/**
 * How often pieces are repeated in the shortest file; as often as divides by 2, 3, 4 and 5, so that
 * nothing is left over.
 */
function timesFor(pieces: readonly Piece[]): number {
  const unit = pieces.reduce((sum, { text, isRepeated }) => sum + (isRepeated ? text.length : 0), 0);
  return Math.ceil(SHORT_BYTES / unit / 60) * 60;
}

function write(pieces: readonly Piece[], times: number): Buffer {
  return Buffer.from(pieces.map(({ text, isRepeated }) => (isRepeated ? text.repeat(times) : text)).join(''));
}

/**
 * Asserts that work grows with the file and no faster. Between two sizes a limit may come in, of
 * lines or of bytes, behind which another part of the reader does the work; between the next two it
 * does not.
 */
async function assertLinear(pieces: readonly Piece[], work: (file: Buffer) => unknown): Promise<void> {
  const times = timesFor(pieces);
  const workFor = (more: number) => countWork(() => work(write(pieces, more * times)));
  // once more than it is counted: what is made on the first call does not count
  await work(write(pieces, times));
  const [short, long] = [await workFor(1), await workFor(4)];
  const most = (before: number) => MOST_GROWTH * before + SHORT_BYTES;
  if (long <= most(short)) return;
  const longest = await workFor(16);
  assert.ok(longest <= most(long), `${short} became ${long}, and then ${longest}`);
}

function formatOf(mimeType: MimeType, file: Buffer): DocumentFormat | null {
  const read = readFormatOf(file, { mimeType, profile: 'COMMANDS' });
  return read.ok ? read.format : null;
}

/** Records, commands and lines of the error file. */
function readAll(mimeType: MimeType, way: 'plain' | 'reference', blockBytes: number) {
  return (file: Buffer) => {
    const format = formatOf(mimeType, file);
    if (format === null) return;
    readDocument(format, file, way, blockBytes);
    for (const record of format.createSplitter(format.start).push(file.subarray(format.start.offset), true))
      format.errorLine(record, { code: 'INVALID_TYPE', message: 'a message' });
  };
}

const MIME_TYPES = { CSV: 'TEXT_CSV', NDJSON: 'APPLICATION_X_NDJSON' } as const;

/** Files that once took more than linear work, with the size of their blocks. */
const EXAMPLES = {
  CSV: [],
  NDJSON: [
    [
      [
        { text: '{"operation":"UPDATE","user_account_id":"a","segment_ids":[', isRepeated: false },
        { text: 'email_hash":"', isRepeated: true },
        { text: '\n{', isRepeated: false },
        { text: '{"operation":"UPDATE"{', isRepeated: true },
      ],
      100,
    ],
  ],
} satisfies Record<string, [readonly Piece[], number][]>;

for (const format of ['CSV', 'NDJSON'] as const) {
  for (const way of ['plain', 'reference'] as const) {
    test(`${format}: the ${way} reader takes work linear in the bytes of any file, whatever the blocks`, async () => {
      await fc.assert(
        fc.asyncProperty(nastyFile(format), fc.constantFrom(100, 1_000, 1 << 20), (pieces, blockBytes) =>
          assertLinear(pieces, readAll(MIME_TYPES[format], way, blockBytes)),
        ),
        { numRuns: runs(20), examples: EXAMPLES[format] as [readonly Piece[], number][] },
      );
    });
  }

  test(`${format}: redaction takes work linear in the bytes of any file`, async () => {
    const piece = fc.constantFrom('a', 'b', '"', '\\', '/', '1');
    const value = fc
      .tuple(piece, fc.nat(2_000), piece, fc.nat(200))
      .map(([a, n, b, m]) => a.repeat(n + 1) + b.repeat(m));
    await fc.assert(
      fc.asyncProperty(nastyFile(format), value, (pieces, user) =>
        assertLinear([...pieces, { text: user, isRepeated: false }], (file) =>
          redact(MIME_TYPES[format], file, user),
        ),
      ),
      { numRuns: runs(20) },
    );
  });
}

async function redact(mimeType: MimeType, file: Buffer, value: string): Promise<void> {
  const format = formatOf(mimeType, file);
  if (format === null) return;
  const reader = { read: async (at: number, length: number) => file.subarray(at, at + length) };
  const user: Sought = { erasureId: '1', kind: 'USER_ACCOUNT', compartmentId: '1', value };
  const catalogue = buildCatalogue({ datamartId: '1', version: 0, selections: [], segments: [] });
  const of = { mimeType, catalogue, sought: [user], signal: new AbortController().signal };
  const { ranges } = await findLines({ file: reader, format, which: 'errors', ...of });
  for await (const _ of withoutLines(reader, ranges));
}

test('headers and cells take work linear in their bytes', async () => {
  await fc.assert(
    fc.asyncProperty(nastyFile('CSV'), fc.constantFrom(',', ';', '\t'), async (pieces, separator) => {
      await assertLinear(pieces, (file) => readCsvCells(file.toString(), separator));
      await assertLinear(pieces, (file) => {
        const check = createStartCheck({ mimeType: 'TEXT_CSV', profile: 'COMMANDS' });
        try {
          for (let at = 0; at < file.length; at += 100) check.take(file.subarray(at, at + 100));
          check.end();
        } catch {}
      });
    }),
    { numRuns: runs(20) },
  );
});

/**
 * What once took time quadratic in the bytes, or would in a reader that looks ahead again for each
 * record.
 */
const KNOWN: readonly (readonly ['CSV' | 'NDJSON', string, ...Piece[]])[] = [
  ['CSV', 'rows that open a quote', once('operation,user_account_id\n'), again('x",",\n')],
  ['CSV', 'a quote that never closes', once('operation,user_account_id\n"'), again('x\n')],
  ['CSV', 'quotes before a cell that breaks', once('operation,a\n'), again('x,"\n'), once('"x'), again('y')],
  ['CSV', 'a long row of quoted cells', once('operation,user_account_id\n'), again('"",')],
  ['CSV', 'as many columns as rows', once('operation'), again(','), once('\n'), again('x\n')],
  ['CSV', 'as many unnamed columns as headers', once('operation'), again(','), again('\noperation')],
  ['CSV', 'a header of quoted names', once('operation'), again(',""'), once('\nUPDATE')],
  ['NDJSON', 'objects that open', again('{\n')],
  ['NDJSON', 'objects inside one another', again('{"a":\n')],
  ['NDJSON', 'a list that never closes', once('{"a":['), again('{},\n')],
  ['NDJSON', 'lines after an object that never closes', once('{\n'), again('x\n')],
  [
    'NDJSON',
    'lists of numbers and as many members',
    once('{"operation":"UPDATE","user_account_id":"a","segment_ids":['),
    again('1,'),
    once('1.5]'),
    again(',"a":1'),
    once('}'),
  ],
  [
    'NDJSON',
    'zeros in a fraction',
    once('{"operation":"UPDATE","user_account_id":"a","segment_id":"1","expiration_ts":1.'),
    again('0'),
    once('1}'),
  ],
  ['NDJSON', 'addresses again and again', once('{"operation":"NO"'), again(',"email_hash":"a@b"'), once('}')],
];

function once(text: string): Piece {
  return { text, isRepeated: false };
}

function again(text: string): Piece {
  return { text, isRepeated: true };
}

for (const [format, title, ...pieces] of KNOWN) {
  test(`${format}: ${title}: linear`, async () => {
    await assertLinear(pieces, readAll(MIME_TYPES[format], 'plain', 100));
    await assertLinear(pieces, readAll(MIME_TYPES[format], 'reference', 1 << 20));
    await assertLinear(pieces, (file) => redact(MIME_TYPES[format], file, `a${'b'.repeat(500)}`));
  });
}

test('the counter sees a loop over bytes, and what built-in functions search', async () => {
  const rows = (times: number) => Buffer.from('x",",\n'.repeat(times));
  const quadratic = (file: Buffer) => {
    for (let at = 0; at < file.length; at += 6) file.indexOf('z', at);
  };
  const [before, after] = [
    await countWork(() => quadratic(rows(100))),
    await countWork(() => quadratic(rows(400))),
  ];
  assert.ok(after > 12 * before, `${before} became ${after}`);
  const cells = await countWork(() => readCsvCells(`"${'""'.repeat(5_000)}"`, ','));
  assert.ok(cells > 10_000, `${cells}`);
});

test('a long value is found in a file as it is', async () => {
  for (const length of [10, 64, 65, 500]) {
    const value = `a${'ab'.repeat(length)}`;
    const lines = [value, `a${value}`, `${value}b`, `ab${value}`, value.slice(0, -1), value];
    const file = Buffer.from(lines.map((each) => `{"note":1,"user_account_id":"${each}\n`).join(''));
    const reader = { read: async (at: number, size: number) => file.subarray(at, at + size) };
    const user: Sought = { erasureId: '1', kind: 'USER_ACCOUNT', compartmentId: '1', value };
    const catalogue = buildCatalogue({ datamartId: '1', version: 0, selections: [], segments: [] });
    const of = {
      mimeType: 'APPLICATION_X_NDJSON' as const,
      catalogue,
      sought: [user],
      which: 'input' as const,
    };
    const found = await findLines({
      file: reader,
      format: ndjsonFormat,
      ...of,
      signal: new AbortController().signal,
    });
    assert.equal(found.byErasure.get('1'), 2, `${length}`);
  }
});
