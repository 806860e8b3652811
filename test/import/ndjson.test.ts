import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRejection } from '../../src/import/document-format.ts';
import { createNdjsonSplitter } from '../../src/import/ndjson.ts';

const START = { offset: 0, line: 0 };

/** Each record as `line fields` or `line CODE message`. */
function read(document: string | Buffer, blockBytes = 1 << 20): string[] {
  const bytes = Buffer.from(document);
  const splitter = createNdjsonSplitter(START);
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += blockBytes) blocks.push(bytes.subarray(at, at + blockBytes));
  const records = blocks
    .flatMap((block) => splitter.push(block, false))
    .concat(splitter.push(Buffer.alloc(0), true));
  assert.equal(splitter.position().offset, bytes.length, 'the splitter did not reach the end');
  return records.map(({ line, content }) =>
    isRejection(content)
      ? `${line} ${content.code} ${content.message}`
      : `${line} ${JSON.stringify(content.fields)}`,
  );
}

test('an object over several lines is one record at its first line', () => {
  assert.deepEqual(read('{\n  "a": 1,\n\n  "b": {\r\n "c": "}{" }\n}\n{"d":2}'), [
    '1 {"a":1,"b":{"c":"}{"}}',
    '7 {"d":2}',
  ]);
});

test('a line that is cut short costs no other line', () => {
  assert.deepEqual(read('{"a":1,"b\n{"a":2}\n{"a":3,\n{"a":4}\n{"a":\n{"a":5}\n'), [
    '1 INVALID_JSON not JSON: the text that opens at character 8 of line 1 is not closed',
    '2 {"a":2}',
    '3 INVALID_JSON not JSON: the object that opens at character 1 is not closed before the one on line 4',
    '4 {"a":4}',
    '5 INVALID_JSON not JSON: the object that opens at character 1 is not closed by the end of the file',
    '6 {"a":5}',
  ]);
});

test('an object that never closes ends before the next line that begins with {', () => {
  const document = `{"a":[\n${'1,\n'.repeat(2000)}{"b":1}\n`;
  for (const blockBytes of [100, 1 << 20]) {
    assert.deepEqual(read(document, blockBytes), [
      '1 INVALID_JSON not JSON: the object that opens at character 1 is not closed within 1000 lines',
      '2002 {"b":1}',
    ]);
  }
});

test('a line that is cut short costs no line after it that is indented, either', () => {
  const lines = Array.from({ length: 3000 }, (_, i) => ` {"a":${i}}`);
  lines[5] = ' {"a":5,';
  const records = read(lines.join('\n'));
  assert.equal(records.length, 3000);
  assert.equal(records.filter((record) => record.includes('INVALID_JSON')).length, 1);
});

test('a trailing comma after an object is named', () => {
  assert.deepEqual(read('{"a":1},\n{"a":2}'), [
    '1 INVALID_JSON not JSON: a comma after the object at character 8; NDJSON has no commas between lines',
    '2 {"a":2}',
  ]);
});

test('BOM, CRLF, blank lines, a lone CR and a missing last newline', () => {
  assert.deepEqual(read('\ufeff{"a":1}\r\n \t\r\n\n{"a"\r:2}\r\n{"a":3}'), [
    '1 {"a":1}',
    '4 {"a":2}',
    '5 {"a":3}',
  ]);
});

test('a line over the limit fails alone, wherever the blocks end', () => {
  const long = `{"a":"${'x'.repeat(1024 * 1024)}"}`;
  const fits = `{"a":"${'x'.repeat(1024 * 1024 - 8)}"}`;
  for (const blockBytes of [1000, 65_536, 1 << 22]) {
    const records = read(`{"a":1}\n${long}\r\n${fits}\r\n{"a":2}`, blockBytes);
    assert.deepEqual(
      records.map((record) => record.slice(0, 20)),
      ['1 {"a":1}', '2 LINE_TOO_LONG a li', '3 {"a":"xxxxxxxxxxxx', '4 {"a":2}'],
    );
  }
});

test('what is no object, no UTF-8, nested too deep', () => {
  const deep = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
  const bytes = Buffer.concat([
    Buffer.from('"text"\n[1]\nnull\n'),
    Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d, 0x0a]),
    Buffer.from(`${deep(32)}\n${deep(33)}\n`),
  ]);
  assert.deepEqual(
    read(bytes).map((record) => record.replace(/\{.*/, '{…')),
    [
      '1 NOT_AN_OBJECT a line must hold a JSON object, got a string',
      '2 NOT_AN_OBJECT a line must hold a JSON object, got an array',
      '3 NOT_AN_OBJECT a line must hold a JSON object, got null',
      '4 INVALID_ENCODING the line is not valid UTF-8',
      '5 {…',
      '6 INVALID_JSON the object is nested deeper than 32',
    ],
  );
});

test('an object that is nested too deep and closes on its line costs no line after it', () => {
  const deep = `{"a":${'['.repeat(40)}${']'.repeat(40)}}`;
  assert.deepEqual(read(`${deep}\ntru\n${deep} \n[1]\n {"a":1}\n`), [
    '1 INVALID_JSON the object is nested deeper than 32',
    '2 INVALID_JSON not JSON: a JSON value was expected at character 1',
    '3 INVALID_JSON the object is nested deeper than 32',
    '4 NOT_AN_OBJECT a line must hold a JSON object, got an array',
    '5 {"a":1}',
  ]);
});

test('a file whose every line is cut short has one failure a line', () => {
  const records = read('{"a":\n'.repeat(20_000));
  assert.equal(records.length, 20_000);
  assert.ok(records.every((record, i) => record.startsWith(`${i + 1} INVALID_JSON`)));
});
