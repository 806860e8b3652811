import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createStartCheck } from '../../src/content/start/check-start.ts';
import type { ExpectedDocument } from '../../src/documents/documents.ts';
import { ServiceError } from '../../src/errors.ts';
import { isRejection } from '../../src/import/document-format.ts';
import { parseCommand } from '../../src/import/parse-command.ts';
import { readFormatOf } from '../../src/import/read-format.ts';
import { buildCatalogue } from '../../src/model/catalogue.ts';
import { runs } from '../client.ts';
import { FOREIGN_FILES } from '../foreign-files.ts';

const COLUMNS = [
  'operation',
  'user_account_id',
  'email_hash',
  'segment_id',
  'expiration_duration',
  'data_bag',
];
/** Texts that begin like a file of another kind. */
const STARTS = [
  ...[
    'PAR1',
    'PARE',
    'ORC',
    'FEA1',
    'GIF89a',
    'BZh91AY&SY',
    'MZ',
    'BM',
    'PK',
    'Rar!',
    '7z',
    'ustar',
    'Obj',
    'ARROW1',
  ],
  ...[
    '%PDF-1.7',
    '<html>',
    '<?xml version="1.0"?>',
    '<!doctype html>',
    '-----BEGIN PGP MESSAGE-----',
    '{\\rtf1',
  ],
  ...[
    'SQLite format 3',
    'age-encryption.org/',
    'xxxxDUCK',
    'xxxxftyp',
    '{"a":1}',
    '[1]',
    '[{"a"',
    '(µ/ý',
    '\u001f\u008b',
  ],
];

/**
 * The code with which a document is refused that comes in blocks of so many bytes; null when it is
 * taken.
 */
function refusalOf(
  bytes: Buffer,
  expected: ExpectedDocument,
  size: number = bytes.length || 1,
): string | null {
  const check = createStartCheck(expected);
  try {
    for (let at = 0; at < bytes.length; at += size) check.take(bytes.subarray(at, at + size));
    check.end();
    return null;
  } catch (error) {
    assert.ok(error instanceof ServiceError, String(error));
    return error.code;
  }
}

const catalogue = buildCatalogue({
  datamartId: '1',
  version: 0,
  selections: [
    {
      ...{
        id: '1',
        datamartId: '1',
        compartmentId: '1',
        isDefault: true,
        token: 'c',
        name: 'c',
        archived: false,
      },
    },
  ],
  segments: [
    {
      ...{ id: '1', organisationId: '1', datamartId: '1', type: 'USER_LIST', feedType: 'FILE_IMPORT' },
      ...{ subtype: 'STANDARD', name: 's', shortDescription: '', technicalName: 's', defaultTtlMs: null },
      ...{ persisted: true, paused: false, creationTs: 0, lastModifiedTs: 0 },
    },
  ],
});

/** How many commands the parsers of the service would apply. */
function applied(bytes: Buffer, mimeType: ExpectedDocument['mimeType']): number {
  const read = readFormatOf(bytes, { mimeType, profile: 'COMMANDS' });
  if (!read.ok) return 0;
  const splitter = read.format.createSplitter(read.format.start);
  return splitter
    .push(bytes.subarray(read.format.start.offset), true)
    .filter(({ content }) => !isRejection(content))
    .filter(({ content }) => {
      assert.ok(!isRejection(content));
      return !isRejection(parseCommand(content, { catalogue, startDate: 0 }));
    }).length;
}

const text = fc.oneof(
  fc.constantFrom(...STARTS),
  fc.string({ unit: 'grapheme', maxLength: 30 }).map((each) => each.replace(/\p{Cc}/gu, ' ')),
);
const value = fc.oneof(text, fc.constantFrom('é', '客户', 'x'.repeat(5_000)));
const command = fc
  .record({ user_account_id: value.filter((each) => each.trim() !== ''), note: value })
  .map((fields) => ({ operation: 'UPDATE', segment_id: '1', expiration_duration: 0, ...fields }));
const blank = fc.stringMatching(/^(?:\ufeff)?[ \t\r\n]{0,5}$/);

const ndjson = fc
  .record({
    start: blank,
    // what is left of a line that was cut; a bracket or a signature at the very start is refused at
    // once
    broken: fc.oneof(
      fc.constant(''),
      text
        .map((each) => each.replace(/[\r\n]/g, ' ').trim())
        .filter((each) => each !== '' && !/^(?:\[|<[!?a-z]|%PDF-|BZh|-----BEGIN|age-|\{)/i.test(each)),
    ),
    commands: fc.array(command, { minLength: 1, maxLength: 5 }),
    spread: fc.boolean(),
  })
  .map(({ start, broken, commands, spread }) => {
    const lines = commands.map((each) => JSON.stringify(each, null, spread ? 2 : 0));
    return Buffer.from(`${start}${broken === '' ? '' : `${broken}\n`}${lines.join('\n')}`);
  });

const csv = fc
  .record({
    bom: fc.constantFrom('', '\ufeff'),
    others: fc.array(text, { maxLength: 3 }),
    delimiter: fc.constantFrom(',', ';', '\t'),
    users: fc.array(
      value.filter((each) => each.trim() !== ''),
      { minLength: 1, maxLength: 5 },
    ),
  })
  .map(({ bom, others, delimiter, users }) => {
    const quoted = (cell: string) => `"${cell.replaceAll('"', '""')}"`;
    const first = [...new Set(others.map((each) => each.trim().toLowerCase()))].filter(
      (each) => !COLUMNS.includes(each),
    );
    const row = (cells: readonly string[]) => cells.map(quoted).join(delimiter);
    // an unquoted first column begins the file as its text does
    const plain = first[0] !== undefined && !/[",;\t\r\n\ufeff]/.test(first[0]);
    const header = `${plain ? `${first[0]}${delimiter}` : ''}${row([...first.slice(1), ...COLUMNS])}`;
    const rows = users.map((user) =>
      row([...(plain ? ['x'] : []), ...first.slice(1).map(() => 'x'), 'UPDATE', user, '', '1', '0', '']),
    );
    return Buffer.from(`${bom}${header}\n${rows.join('\n')}\n`);
  });

test('no text that a command would be read from is refused, in whatever pieces it comes', () => {
  for (const [documents, mimeType] of [
    [ndjson, 'APPLICATION_X_NDJSON'],
    [csv, 'TEXT_CSV'],
  ] as const) {
    let taken = 0;
    fc.assert(
      fc.property(documents, fc.integer({ min: 1, max: 9_000 }), (bytes, size) => {
        const expected = { mimeType, profile: 'COMMANDS', allowEmpty: false } as const;
        if (applied(bytes, mimeType) === 0) return;
        taken++;
        assert.equal(refusalOf(bytes, expected), null);
        assert.equal(refusalOf(bytes, expected, size), null);
      }),
      { numRuns: runs(400) },
    );
    assert.ok(taken > runs(200), `${taken} documents of ${mimeType} had commands`);
  }
});

test('a row is told below a header where the parser finds one', () => {
  const piece = fc.constantFrom(' ', '\t', '"', '""', ',', ';', '\n', '\r\n', '\ufeff', 'x', '\u00a0', 'ﻻ');
  const rows = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));
  let [empty, full] = [0, 0];
  fc.assert(
    fc.property(
      rows,
      fc.constantFrom(',', ';', '\t'),
      fc.integer({ min: 1, max: 9 }),
      (below, separator, size) => {
        const bytes = Buffer.from(`${['operation', 'user_account_id'].join(separator)}\n${below}`);
        const read = readFormatOf(bytes, { mimeType: 'TEXT_CSV', profile: 'COMMANDS' });
        assert.ok(read.ok);
        const records = read.format
          .createSplitter(read.format.start)
          .push(bytes.subarray(read.format.start.offset), true);
        const expected = { mimeType: 'TEXT_CSV', profile: 'COMMANDS', allowEmpty: false } as const;
        assert.equal(refusalOf(bytes, expected, size), records.length > 0 ? null : 'EMPTY_FILE');
        records.length > 0 ? full++ : empty++;
      },
    ),
    { numRuns: runs(2_000) },
  );
  assert.ok(empty > 50 && full > 50, `${empty} without rows, ${full} with rows`);
});

test('a kind is told in whatever pieces it comes', () => {
  for (const [name, bytes] of FOREIGN_FILES)
    for (const mimeType of ['APPLICATION_X_NDJSON', 'TEXT_CSV'] as const)
      for (const size of [1, 2, 3, 100, 5_000])
        assert.equal(
          refusalOf(bytes, { mimeType, profile: 'COMMANDS' }, size),
          'UNSUPPORTED_FILE',
          `${name} in pieces of ${size} for ${mimeType}`,
        );
});

test('text at its very start decides where a later line is a good one', () => {
  const good = '{"operation":"DELETE","user_account_id":"a","segment_id":"1"}\n';
  const expected = { mimeType: 'APPLICATION_X_NDJSON', profile: 'COMMANDS' } as const;
  for (const [start, code] of [
    ['[', 'NOT_NDJSON'],
    ['<html>', 'UNSUPPORTED_FILE'],
    ['%PDF-1.4', 'UNSUPPORTED_FILE'],
    ['a,b', null],
    ['account_id":"a","segment_id":"1"}', null],
    ['operation', null],
  ] as const)
    assert.equal(refusalOf(Buffer.from(`${start}\n${good}`), expected), code, start);
});

test('the look at a start costs no more than its length, however it is cut', () => {
  const started = performance.now();
  const header = Buffer.from(`operation,${'x'.repeat(900_000)}`);
  assert.equal(refusalOf(header, { mimeType: 'TEXT_CSV', profile: 'COMMANDS' }, 7), 'EMPTY_FILE');
  const blanks = Buffer.alloc(2_000_000, '\ufeff \n');
  assert.equal(refusalOf(blanks, { mimeType: 'APPLICATION_X_NDJSON', profile: 'COMMANDS' }, 5), 'EMPTY_FILE');
  assert.ok(
    performance.now() - started < 10_000,
    'seconds at most, where a second look at each piece takes minutes',
  );
});
