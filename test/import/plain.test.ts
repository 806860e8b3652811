import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { csvFormat } from '../../src/import/csv.ts';
import { parseCsvHeader } from '../../src/import/csv-header.ts';
import type { CsvHeader } from '../../src/import/document-format.ts';
import { ndjsonFormat } from '../../src/import/ndjson.ts';
import { FAR_EXPIRY_MS } from '../../src/import/warnings.ts';
import { runs } from '../client.ts';
import { csvFile, ndjsonFile } from '../properties/files.ts';
import { SOME_NAMES, spoiltFile } from '../properties/mutations.ts';
import { assertSame, formatOf, readDocument, START_DATE } from './both-ways.ts';

const blockBytes = fc.constantFrom(7, 64, 500, 1 << 20);

test('NDJSON: both ways come to the same, whatever the file', () => {
  fc.assert(
    fc.property(ndjsonFile(30), blockBytes, (draft, bytes) => {
      assertSame(ndjsonFormat, draft.write(SOME_NAMES, START_DATE).bytes, bytes);
    }),
    { numRuns: runs(150) },
  );
});

test('CSV: both ways come to the same, whatever the file', () => {
  fc.assert(
    fc.property(csvFile(30), blockBytes, (draft, bytes) => {
      const document = draft.write(SOME_NAMES, START_DATE).bytes;
      const format = formatOf(document);
      if (format !== null) assertSame(format, document, bytes);
    }),
    { numRuns: runs(150) },
  );
});

test('both ways come to the same on files that were spoilt byte by byte', () => {
  fc.assert(
    fc.property(spoiltFile('NDJSON', SOME_NAMES), blockBytes, (document, bytes) => {
      assertSame(ndjsonFormat, document, bytes);
    }),
    { numRuns: runs(250) },
  );
  fc.assert(
    fc.property(spoiltFile('CSV', SOME_NAMES), blockBytes, (document, bytes) => {
      const format = formatOf(document);
      if (format !== null) assertSame(format, document, bytes);
    }),
    { numRuns: runs(250) },
  );
});

test('an escape that JSON does not have is seen where the field does not matter, too', () => {
  const line = '{"operation":"DELETE","user_agent_id":"a","segment_id":"1","data_bag":"\\:"}';
  assert.match(readDocument(ndjsonFormat, Buffer.from(line), 'plain', 100).outcomes.join(), /INVALID_JSON/);
  assertSame(ndjsonFormat, Buffer.from(line), 100);
});

test('a byte order mark that begins a line does not count, in front of a quote either', () => {
  const rows = 'note,operation,user_agent_id,segment_id\n\ufeff"a"b,DELETE,u,1\n\ufeff"a",DELETE,u,1\n';
  const format = formatOf(Buffer.from(rows));
  assert.ok(format !== null);
  assert.match(readDocument(format, Buffer.from(rows), 'plain', 100).outcomes.join(), /INVALID_CSV/);
  assertSame(format, Buffer.from(rows), 100);
});

test('lists of segments are plain, by id and by name', () => {
  const lists = ['["1","2"]', '[1, 2]', '[ "10" ]', '["1","1"]'];
  const names = ['["alpha","vip é"]', '[ "short" , "beta" ]'];
  const ndjson = [
    ...lists.map((list) => `{"operation":"DELETE","user_agent_id":"a","segment_ids":${list}}`),
    ...names.map((list) => `{"operation":"DELETE","user_agent_id":"a","segment_technical_names":${list}}`),
    '{"operation":"DELETE","user_agent_id":"a","segment_id":1,"segment_ids":[2],"segment_technical_name":"alpha"}',
  ];
  assert.equal(assertSame(ndjsonFormat, Buffer.from(ndjson.join('\n')), 100), ndjson.length);
  const cell = (list: string) => `"${list.replaceAll('"', '""')}"`;
  const rows = [
    ...lists.map((list) => `${cell(list)},`),
    ...names.map((list) => `,${cell(list)}`),
    '2,alpha',
  ];
  const csv = Buffer.from(
    `operation,user_agent_id,segment_ids,segment_technical_names\n${rows.map((row) => `DELETE,a,${row}`).join('\n')}`,
  );
  const format = formatOf(csv);
  assert.ok(format !== null);
  assert.equal(assertSame(format, csv, 100), rows.length);
});

/** Identifiers that are warned of, and some that nearly are. */
const ODD_VALUES = [
  ...[
    'a@b.example',
    'x a@é.example',
    'a@',
    '@b.c',
    'a@b',
    '123.0',
    '1.23E+15',
    '1e+9',
    '12.5',
    '7,0',
    '1,5e9',
  ],
  ...[
    'DEADBEEF',
    'deadBEEF01',
    'DEADBEE',
    'ABCDEFGH',
    '12345678',
    'a ',
    ' a ',
    'a\t',
    '9.0 ',
    'a@b.example\u2003',
  ],
];

/** A command as a program would write it, with one thing in it that may not be plain. */
const nearlyPlain = fc
  .record({
    operation: fc.constantFrom('UPDATE', 'UPDATE', 'DELETE', 'update', ''),
    user: fc.tuple(
      fc.constantFrom('user_account_id', 'email_hash', 'user_agent_id'),
      fc.constantFrom(
        'a',
        ' a',
        'é',
        'x@y',
        '',
        ' ',
        '12',
        'a"b',
        'a,b',
        'a\\b',
        'u\u00a0',
        'a;b\tc',
        ...ODD_VALUES,
      ),
    ),
    compartment: fc.constantFrom(undefined, undefined, '1', '2', '3', '01', '404', ' 1', 1),
    segment: fc.constantFrom<[string, unknown]>(
      ...([
        ['segment_id', '1'],
        ['segment_id', 1],
        ['segment_id', '3'],
        ['segment_id', '4'],
        ['segment_id', '2 '],
        ['segment_id', '10'],
      ] as [string, unknown][]),
      ...([
        ['segment_technical_name', 'alpha'],
        ['segment_technical_name', ' alpha'],
        ['segment_technical_name', 'vip é'],
        ['segment_ids', '1'],
        ['segment_ids', ['1', 2, '10', '1']],
        ['segment_ids', [1, 2, 10]],
      ] as [string, unknown][]),
      ...([
        ['segment_ids', ['1', '404']],
        ['segment_ids', ['1', '']],
        ['segment_ids', []],
        ['segment_ids', [1.5]],
        ['segment_ids', '[1]'],
        ['segment_technical_names', ['alpha', 'vip é']],
        ['segment_technical_names', ['alpha', 'short', 'query']],
        ['segment_technical_names', ['al"pha']],
        ['segment_technical_names', 'alpha'],
      ] as [string, unknown][]),
    ),
    expiry: fc.constantFrom<Record<string, unknown>>(
      ...[
        {},
        { expiration_duration: 0 },
        { expiration_duration: '10' },
        { expiration_duration: '010' },
        { expiration_duration: 1e9 },
        { expiration_duration: ' 5 ' },
      ],
      ...[
        { expiration_ts: 0 },
        { expiration_ts: START_DATE - 1 },
        { expiration_ts: 99_999_999_999 },
        { expiration_ts: 100_000_000_000 },
        { expiration_ts: START_DATE + FAR_EXPIRY_MS },
        { expiration_ts: START_DATE + FAR_EXPIRY_MS + 1 },
        { expiration_duration: FAR_EXPIRY_MS / 60_000 },
        { expiration_duration: FAR_EXPIRY_MS / 60_000 + 1 },
        { expiration_ts: START_DATE, expiration_duration: 9_000_000 },
        { expiration_ts: '', expiration_duration: 7 },
        { expiration_ts: 0, expiration_duration: 'x' },
      ],
    ),
    bag: fc.constantFrom<unknown>(
      undefined,
      undefined,
      '{}',
      '{ }',
      '{"k":1}',
      '{"k": "é\\n\\"", "l": [1, 2.50]}',
      '[]',
      'x',
      '{"k":NaN}',
      '{"k":1,}',
      '',
      ' ',
      { k: 1 },
      '{"k":"\\ud800"}',
      '{"k":"\ud800"}',
    ),
    spaced: fc.boolean(),
    quoting: fc.constantFrom('none', 'all', 'needed', 'padded'),
  })
  .map(({ operation, user, compartment, segment: [selector, value], expiry, bag, spaced, quoting }) => ({
    fields: {
      operation,
      [user[0]]: user[1],
      compartment_id: compartment,
      [selector]: value,
      ...expiry,
      data_bag: bag,
    },
    spaced,
    quoting,
  }));

test('NDJSON: commands as programs write them, compact and spaced', () => {
  let plain = 0;
  let all = 0;
  fc.assert(
    fc.property(fc.array(nearlyPlain, { minLength: 1, maxLength: 20 }), blockBytes, (commands, bytes) => {
      const lines = commands.map(({ fields, spaced }) => {
        const text = JSON.stringify(fields);
        return spaced ? text.replaceAll('":', '": ').replaceAll(',"', ', "') : text;
      });
      all += lines.length;
      plain += assertSame(ndjsonFormat, Buffer.from(lines.join('\n')), bytes);
    }),
    { numRuns: runs(1000) },
  );
  assert.ok(plain > all / 50, `only ${plain} of ${all} lines were plain`);
});

test('CSV: commands as programs write them, quoted or not', () => {
  const names = [
    'operation',
    'user_account_id',
    'email_hash',
    'user_agent_id',
    'compartment_id',
    'segment_id',
    'segment_technical_name',
    'segment_ids',
    'segment_technical_names',
    'expiration_duration',
    'expiration_ts',
    'data_bag',
    'note',
  ];
  let plain = 0;
  let all = 0;
  fc.assert(
    fc.property(
      fc.array(nearlyPlain, { minLength: 1, maxLength: 20 }),
      fc.constantFrom(',', ';', '\t'),
      blockBytes,
      (commands, delimiter, bytes) => {
        const parsed = parseCsvHeader(names.join(delimiter), 'COMMANDS');
        const header: CsvHeader = (parsed as { header: CsvHeader }).header;
        const rows = commands.map(({ fields, quoting }) => {
          const cells = names.map((name) => {
            const value = (fields as Record<string, unknown>)[name] ?? '';
            const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
            const needed = text.includes(delimiter) || text.includes('"');
            const isQuoted = quoting !== 'none' && (quoting !== 'needed' || needed);
            const cell = isQuoted ? `"${text.replaceAll('"', '""')}"` : text;
            return quoting === 'padded' ? ` ${cell}  ` : cell;
          });
          return cells.join(delimiter);
        });
        all += rows.length;
        plain += assertSame(csvFormat(header, { offset: 0, line: 0 }), Buffer.from(rows.join('\r\n')), bytes);
      },
    ),
    { numRuns: runs(1000) },
  );
  assert.ok(plain > all / 50, `only ${plain} of ${all} rows were plain`);
});
