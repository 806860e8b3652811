import assert from 'node:assert/strict';
import fc from 'fast-check';
import Papa from 'papaparse';
import { csvFormat } from '../../src/import/csv.ts';
import { parseCsvHeader } from '../../src/import/csv-header.ts';
import type {
  CsvHeader,
  DocumentFormat,
  DocumentRecord,
  Position,
} from '../../src/import/document-format.ts';
import { ndjsonFormat } from '../../src/import/ndjson.ts';
import { SOME_NAMES, spoiltFile } from './mutations.ts';

const START: Position = { offset: 0, line: 0 };
/** Far more than a file of some kilobytes can need. */
export const MOST_MS = 2_000;

/** Where a file is cut into blocks, as fractions of its length. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

const csvHeader = parseCsvHeader(
  'operation;user_account_id;email_hash;segment_id;segment_ids;expiration_duration;data_bag',
  'COMMANDS',
);
assert.ok(csvHeader.ok);
const header: CsvHeader = csvHeader.header;

export const FORMATS = [
  { name: 'NDJSON', format: ndjsonFormat, isBlank: (line: string) => /^\ufeff*[ \t\r]*$/.test(line) },
  // quotes, too: `""` is a blank cell, and one that goes over several lines may be
  { name: 'CSV', format: csvFormat(header, START), isBlank: (line: string) => /^[\s\ufeff;"]*$/.test(line) },
] as const;

/**
 * What must hold of the records that a format finds, whatever the file; `everyDay` runs are enough
 * for every day.
 */
export function splittingProperties({ name, format, isBlank }: (typeof FORMATS)[number]) {
  const file = spoiltFile(name, SOME_NAMES);
  return [
    {
      title: 'any bytes become records, the same ones whatever the blocks',
      everyDay: 1_500,
      property: fc.property(file, cuts, (bytes, fractions) => {
        const startedAt = performance.now();
        const whole = split(format, { bytes, ends: [], from: START });
        const ends = fractions.map((fraction) => Math.floor(fraction * bytes.length)).sort((a, b) => a - b);
        assert.deepEqual(split(format, { bytes, ends, from: START }), whole);
        const took = performance.now() - startedAt;
        assert.ok(took < MOST_MS, `took ${took} ms`);
      }),
    },
    {
      title: 'byte by byte gives the same records',
      everyDay: 500,
      property: fc.property(file, (bytes) => {
        const short = bytes.subarray(0, 400);
        const ends = Array.from({ length: short.length }, (_, index) => index + 1);
        const whole = split(format, { bytes: short, ends: [], from: START });
        assert.deepEqual(split(format, { bytes: short, ends, from: START }), whole);
      }),
    },
    {
      title: 'records ascend, and every line that is not blank belongs to exactly one',
      everyDay: 1_500,
      property: fc.property(file, (bytes) => {
        const lines = bytes.toString('utf8').split('\n');
        let done = 0;
        for (const { line, end } of split(format, { bytes, ends: [], from: START })) {
          assert.ok(line > done && end.line >= line, `record of lines ${line} to ${end.line} after ${done}`);
          for (const skipped of lines.slice(done, line - 1))
            assert.ok(isBlank(skipped), `a line before line ${line} is in no record`);
          assert.equal(offsetAfter(bytes, end.line), end.offset, `end of the record on line ${line}`);
          done = end.line;
        }
        for (const rest of lines.slice(done)) assert.ok(isBlank(rest), 'a line at the end is in no record');
      }),
    },
    {
      title: 'reading goes on from the end of any record as if it had never stopped',
      everyDay: 1_500,
      property: fc.property(file, fc.nat(), (bytes, pick) => {
        const whole = split(format, { bytes, ends: [], from: START });
        if (whole.length === 0) return;
        const at = pick % whole.length;
        const from = whole[at]?.end ?? START;
        const rest = split(format, { bytes: bytes.subarray(from.offset), ends: [], from });
        assert.deepEqual(rest, whole.slice(at + 1));
      }),
    },
    {
      title: 'every record can stand in the error file',
      everyDay: 1_000,
      property: fc.property(file, (bytes) => {
        for (const record of documentRecords(format, bytes)) {
          const startedAt = performance.now();
          const text = format.errorLine(record, {
            code: 'INVALID_TYPE',
            message: 'a "message", with; all\nof it',
          });
          const took = performance.now() - startedAt;
          assert.ok(took < MOST_MS, `took ${took} ms for ${record.text.slice(0, 300)}`);
          assert.ok(text.endsWith('\n'));
          if (name === 'NDJSON') assertNdjsonError(text, record);
          else assertCsvError(format.errorFileHeader + text, record);
        }
      }),
    },
  ];
}

function assertNdjsonError(text: string, { line }: DocumentRecord): void {
  assert.equal(text.indexOf('\n'), text.length - 1, `more than one line: ${JSON.stringify(text)}`);
  const error = JSON.parse(text);
  assert.equal(error.error_line, line, text);
  assert.equal(error.error_code, 'INVALID_TYPE', text);
}

function assertCsvError(text: string, { line }: DocumentRecord): void {
  const { data: rows } = Papa.parse<string[]>(text, { delimiter: header.delimiter, skipEmptyLines: true });
  assert.equal(rows.length, 2, text);
  const columns = rows[0] ?? [];
  assert.equal(rows[1]?.[columns.indexOf('error_line')], String(line), text);
  assert.equal(rows[1]?.[columns.indexOf('error_code')], 'INVALID_TYPE', text);
}

/** The offset after that many lines. */
function offsetAfter(bytes: Buffer, lines: number): number {
  let offset = 0;
  for (let line = 0; line < lines; line++) {
    const newline = bytes.indexOf(0x0a, offset);
    offset = newline === -1 ? bytes.length : newline + 1;
  }
  return offset;
}

/** The records of a whole document. */
export function documentRecords(format: DocumentFormat, bytes: Buffer): DocumentRecord[] {
  return format.createSplitter(START).push(bytes, true);
}

/** The records of a file that comes in blocks ending at `ends`, in a form that can be compared. */
function split(format: DocumentFormat, of: { bytes: Buffer; ends: readonly number[]; from: Position }) {
  const splitter = format.createSplitter(of.from);
  const records: DocumentRecord[] = [];
  let start = 0;
  for (const end of of.ends) {
    // A block of its own, so that nothing leans on bytes that have not come yet.
    records.push(...splitter.push(Buffer.from(of.bytes.subarray(start, end)), false));
    start = end;
  }
  records.push(...splitter.push(Buffer.from(of.bytes.subarray(start)), true));
  return records.map(({ line, end, text, content }) => ({
    line,
    end,
    text,
    content: 'fields' in content ? { fields: { ...content.fields } } : content,
  }));
}
