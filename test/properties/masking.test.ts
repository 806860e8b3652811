import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { csvFormat } from '../../src/import/csv.ts';
import { parseCsvHeader } from '../../src/import/csv-header.ts';
import type { DocumentFormat } from '../../src/import/document-format.ts';
import { ndjsonFormat } from '../../src/import/ndjson.ts';
import { runs } from '../client.ts';

const START = { offset: 0, line: 0 };

/** Addresses as people and systems write them; each holds `ann` and `example.com`. */
const address = fc.constantFrom(
  ...[
    'ann@example.com',
    ' ann@example.com',
    'ANN.ann@example.com',
    'Ann Smith <ann@example.com>',
    'ann@example.com ',
  ],
  ...[
    'ann+a;b@example.com',
    'ann,b@example.com',
    '"ann b"@example.com',
    'mailto:ann@example.com',
    'ann\t@example.com',
  ],
);

/** How the value is written in JSON. */
const spelling = fc.constantFrom<(json: string) => string>(
  (json) => json,
  (json) => json.replace('@', '\\u0040'),
);
const key = fc.constantFrom('"email_hash"', '"email_hash" ', '"email\\u005fhash"');

/** What makes a line of it fail, whole or not. */
const breakLine = fc.constantFrom<(line: string) => string>(
  (line) => line,
  (line) => line.slice(0, -1),
  (line) => `${line},`,
  (line) => `x${line}`,
  (line) => line.replace('"UPDATE"', 'UPDATE'),
  (line) =>
    `${line.slice(0, -1)},"note":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}`,
  (line) => `${line.slice(0, -1)},"note":"\t"}`,
  (line) => `[${line}]`,
);

test('NDJSON: an address in clear is in no error line', () => {
  fc.assert(
    fc.property(address, spelling, key, breakLine, fc.boolean(), (value, write, name, spoil, first) => {
      const member = `${name}:${write(JSON.stringify(value))}`;
      const members = ['"operation":"UPDATE"', '"segment_id":"1"'];
      members.splice(first ? 0 : 2, 0, member);
      assertMasked(ndjsonFormat, Buffer.from(spoil(`{${members.join(',')}}`)));
    }),
    { numRuns: runs(1_000) },
  );
});

test('CSV: an address in clear is in no error line', () => {
  const header = parseCsvHeader('operation,email_hash,segment_id,expiration_duration', 'COMMANDS');
  assert.ok(header.ok);
  const format = csvFormat(header.header, START);
  const breakRow = fc.constantFrom<(cell: string) => Buffer>(
    (cell) => Buffer.from(`UPDATE,${cell},1,0`),
    (cell) => Buffer.from(`UPDATE,${cell},1,0,more`),
    (cell) => Buffer.from(`UPDATE,${cell},"1"x,0`),
    (cell) => Buffer.from(`"UPDATE"x,${cell},1,0`),
    (cell) => Buffer.from(`UPDATE,${cell},1,"0`),
    (cell) => Buffer.from(`UPDATE,${cell},1,0\xff`, 'latin1'),
  );
  fc.assert(
    fc.property(address, breakRow, (value, spoil) => {
      const cell = /[",;\t]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
      assertMasked(format, spoil(cell));
    }),
    { numRuns: runs(300) },
  );
});

function assertMasked(format: DocumentFormat, line: Buffer): void {
  for (const record of format.createSplitter(START).push(line, true)) {
    const rejection =
      'fields' in record.content
        ? ({ code: 'CLEAR_EMAIL', message: 'an address in clear' } as const)
        : record.content;
    const text = format.errorLine(record, rejection);
    assert.doesNotMatch(text, /ann.*example/i, `${line} → ${text}`);
  }
}
