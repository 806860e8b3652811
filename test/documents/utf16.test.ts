import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import { createUtf8Maker, startInUtf8 } from '../../src/content/start/utf16.ts';
import { runs } from '../client.ts';
import { wide } from '../foreign-files.ts';

const order = fc.constantFrom('LE' as const, 'BE' as const);
const pieces = fc.integer({ min: 1, max: 9 });
/** Half of a surrogate pair, as often as a letter. */
const half = fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => String.fromCharCode(unit));

function inPieces(bytes: Buffer, size: number): Buffer {
  const maker = createUtf8Maker();
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size)
    // memory that is used again, as that of a stream may be
    parts.push(...reused(bytes.subarray(at, at + size), (chunk) => Buffer.from(maker.take(chunk))));
  return Buffer.concat([...parts, maker.end()]);
}

function reused(bytes: Buffer, use: (chunk: Buffer) => Buffer): Buffer[] {
  const chunk = Buffer.from(bytes);
  const used = use(chunk);
  chunk.fill(0x2a);
  return [used];
}

test('UTF-16 with its mark becomes the same text in UTF-8, in whatever pieces it comes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), order, pieces, (text, of, size) => {
      // two zeros behind the mark of LE are that of UTF-32
      fc.pre(!/^[\0{[]/.test(text));
      assert.equal(inPieces(wide(text, 2, of, 'MARKED'), size).toString(), text);
    }),
    { numRuns: runs(1_000) },
  );
});

test('half of a pair becomes no UTF-8, and harms no other line', () => {
  const line = fc
    .array(fc.oneof(half, fc.constantFrom('a', 'é', '😀')), { maxLength: 6 })
    .map((all) => all.join(''));
  let broken = 0;
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), order, pieces, (lines, of, size) => {
      const made = inPieces(wide(lines.join('\n'), 2, of, 'MARKED'), size)
        .toString('latin1')
        .split('\n');
      assert.equal(made.length, lines.length);
      for (const [i, text] of lines.entries()) {
        const bytes = Buffer.from(made[i] ?? '', 'latin1');
        assert.equal(isUtf8(bytes), text.isWellFormed());
        if (text.isWellFormed()) assert.equal(bytes.toString(), text);
        else broken++;
      }
    }),
    { numRuns: runs(1_000) },
  );
  assert.ok(broken > 50);
});

test('what is no UTF-16 with its mark stays as it is, and a cut unit is no text', () => {
  for (const text of ['a,b\n', '', '\ufeffa', 'é'])
    for (const size of [1, 2, 3, 4, 100]) assert.equal(inPieces(Buffer.from(text), size).toString(), text);
  for (const bytes of [
    wide('ab', 4, 'LE', 'MARKED'),
    wide('ab', 2, 'LE', 'PLAIN'),
    // JSON is UTF-8 alone
    wide('{"a":1}', 2, 'LE', 'MARKED'),
    wide('[1]', 2, 'BE', 'MARKED'),
    Buffer.from([0xff]),
    Buffer.from([0xfe, 0]),
  ])
    for (const size of [1, 3, 100]) assert.deepEqual(inPieces(bytes, size), bytes);
  const cut = wide('ab', 2, 'LE', 'MARKED').subarray(0, -1);
  for (const size of [1, 2, 100]) assert.deepEqual(inPieces(cut, size), Buffer.from([0x61, 0xff]));
  assert.deepEqual(
    startInUtf8(cut, false),
    Buffer.from('a'),
    'the other half may be in what is not looked at',
  );
});
