import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import picomatch from 'picomatch';
import { wrongPattern } from '../../src/sources/file-names.ts';
import { compileGlob } from '../../src/sources/glob.ts';
import { runs } from '../client.ts';

test('a glob matches the names that a library matches by an expression', () => {
  const letter = fc.constantFrom('a', 'b', '.', '-', '1', 'é');
  const piece = fc.oneof(
    letter,
    fc.constantFrom('*', '?', '[ab]', '[!a]', '[a-c1]', '{a,b}', '{ab,*.b,}', 'a*', '*a'),
  );
  const part = fc.oneof(
    { weight: 1, arbitrary: fc.constant('**') },
    { weight: 6, arbitrary: fc.array(piece, { minLength: 1, maxLength: 4 }).map((all) => all.join('')) },
  );
  const glob = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const name = fc
    .array(
      fc.array(letter, { minLength: 1, maxLength: 4 }).map((all) => all.join('')),
      { minLength: 1, maxLength: 3 },
    )
    .map((parts) => parts.join('/'))
    // names that begin with a dot are none of files to take, whatever the glob
    .filter((text) => !/(^|\/)\./.test(text));
  const isPath = (text: string) => !/(^|\/)\.{1,2}(\/|$)/.test(text);
  // whether a/** matches a as well is answered in both ways
  const isPlain = (text: string) => !/.\/\*\*$|\*{2}[^/]|[^/]\*{2}|\{[^}]*,\}|\*\{|\}\*/.test(text);
  fc.assert(
    fc.property(
      glob.filter((text) => isPlain(text) && isPath(text)),
      name,
      (pattern, text) => {
        const expected = picomatch(pattern, {
          dot: true,
          noextglob: true,
          nonegate: true,
          posix: true,
          regex: false,
        })(text);
        assert.equal(compileGlob(pattern)(text), expected, `${pattern} ${text}`);
      },
    ),
    { numRuns: runs(2_000) },
  );
});

test('a glob is matched in time linear in the name for each star, and one that is none is refused', () => {
  const hostile = compileGlob(`${'*a'.repeat(60)}*b`);
  const since = performance.now();
  for (let i = 0; i < 20; i++) assert.equal(hostile('a'.repeat(1_000)), false);
  assert.ok(performance.now() - since < 2_000);
  assert.equal(compileGlob('dt=*/part-*.csv{,.gz}')('dt=2026-11-30/part-0001.csv.gz'), true);
  assert.equal(compileGlob('*.csv')('a/b.csv'), false);
  assert.equal(compileGlob('**/*.csv')('b.csv'), true);
  for (const wrong of ['{a', 'a}', '{a,{b}}', '[a', '{a,b}'.repeat(7)])
    assert.match(wrongPattern(wrong) ?? '', /^pattern must be a glob/, wrong);
  assert.equal(wrongPattern('users-[0-9]*.{csv,ndjson}'), null);
});
