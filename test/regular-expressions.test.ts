import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { analyse } from 'scslre';
import { parseAst } from 'vite';
import { readAuthorization } from '../src/http/authenticate.ts';
import { originReader } from '../src/http/client-address.ts';
import { parseExportUri, parseFileUri, parseOverlapsUri } from '../src/http/data-files/uri.ts';
import { rawPath } from '../src/http/route-table.ts';
import { checkContentType } from '../src/http/uploads/content-type.ts';
import { parseSelector, selectorText } from '../src/http/users/selector.ts';
import { whatIsWrong } from '../src/webhooks/check-url.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
/**
 * Expressions that are put together while the program runs: what they come to, or the likes of it.
 */
const BUILT: Readonly<Record<string, readonly RegExp[]>> = {
  'src/backup/layout.ts': [/^documents\/([0-9a-f]{8}-[0-9a-f]{4})\/(input|errors(?:-[0-9a-f]{16})?)$/],
  'src/http/route-table.ts': [/^\/v1\/datamarts\/[^/]+\/user_points\/.+$/, /^\/v1\/a\/[^/]+\/b\/[^/]+\/c$/],
};

type Node = {
  readonly type: string;
  readonly start: number;
  readonly regex?: Expression;
  readonly callee?: Node;
  readonly name?: string;
};
type Expression = { readonly pattern: string; readonly flags: string };

test('no regular expression of the service, the CLI or the console takes more than linear time', () => {
  let found = 0;
  for (const file of ['src', 'console/src'].flatMap((folder) => sourcesIn(folder))) {
    for (const node of nodesOf(file)) {
      if (node.type === 'Literal' && node.regex !== undefined) {
        found++;
        assertLinear(node.regex, file);
      }
      const isBuilt =
        ['NewExpression', 'CallExpression'].includes(node.type) && node.callee?.name === 'RegExp';
      if (isBuilt) assert.ok(BUILT[file], `${file} builds an expression that this test does not know`);
    }
  }
  assert.ok(found > 80, `${found} expressions were found`);
  for (const [file, built] of Object.entries(BUILT))
    for (const { source, flags } of built) assertLinear({ pattern: source, flags }, file);
});

test('what is looked for is found: expressions that take quadratic or exponential time', () => {
  for (const { source, flags } of [/\d+\.\d+$/, /0+$/, /^a=\s*"?([^"]*)"?$/, /(?:a+)+b/, /(x*)*y/])
    assert.throws(() => assertLinear({ pattern: source, flags }, 'here'), /backtracks/);
});

function assertLinear({ pattern, flags }: Expression, file: string): void {
  const { reports } = analyse({ source: pattern, flags });
  const [first] = reports;
  assert.ok(
    first === undefined,
    `/${pattern}/${flags} in ${file} backtracks (${first?.type}): write it otherwise`,
  );
}

function sourcesIn(folder: string): readonly string[] {
  const files = readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => /\.tsx?$/.test(file)).map((file) => path.join(folder, file));
}

function* nodesOf(file: string): Generator<Node> {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  const left: unknown[] = [parseAst(text, { lang: file.endsWith('x') ? 'tsx' : 'ts' }, file).body];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== 'object' || next === null) continue;
    if ('type' in next) yield next as Node;
    left.push(...Object.values(next));
  }
}

/** Longer than any header, URL or body can be: what is quadratic takes half a minute for it. */
const LENGTH = 300_000;
const MOST_MS = 3_000;
const PIECES = [
  ...[
    '0',
    '1.',
    ' ',
    '\t',
    ',',
    ';',
    '"',
    "'",
    '\\',
    '/',
    '%',
    '=',
    ':',
    '::',
    '.',
    '@',
    '\u00e9',
    'x',
    '-',
    '*',
  ],
  ...[
    'user_account_id=',
    'compartment_id=1,',
    ',compartment_id=1',
    '/datamarts/1',
    '/user_segments/',
    '?#',
    '%3d',
  ],
  ...[
    ';filename=',
    ";filename*=utf-8''",
    'charset=',
    'bearer ',
    'api:',
    'localhost.',
    '127.0.0.1, ',
    '[::1]:1,',
  ],
];

/** What reads texts of clients, and where they stand in a text. */
const DOORS: Readonly<Record<string, (text: string) => unknown>> = {
  Authorization: (text) => readAuthorization(`Bearer ${text}`),
  'X-Forwarded-For': (text) => fromProxy(text),
  'Content-Type': (text) => checkContentType(`text/csv; charset=${text}x`, 'TEXT_CSV'),
  'a path': (text) => selectorText(`/v1/datamarts/${text}/user_segments/${text}`, 'user_segments'),
  'a URL': (text) => rawPath(text),
  'a selector': (text) => parseSelector(text),
  'a selector by compartment': (text) => parseSelector(`compartment_id=1,user_account_id=${text}`),
  'a URI of a file': (text) =>
    [parseFileUri, parseExportUri, parseOverlapsUri].map((parse) =>
      parse(`mics://data_file/tenants/${text}`),
    ),
  'a webhook': (text) => whatIsWrong(`https://${text}`, 'PUBLIC'),
};
const originOf = originReader(['127.0.0.1', '::1']);
function fromProxy(text: string) {
  return originOf({ socket: { remoteAddress: '127.0.0.1' }, headers: { 'x-forwarded-for': text } } as never);
}

for (const [door, read] of Object.entries(DOORS)) {
  test(`long texts of anything are read at once: ${door}`, () => {
    for (const piece of PIECES) {
      const text = piece.repeat(LENGTH / piece.length);
      const startedAt = process.cpuUsage();
      for (const each of [text, `${text}x`, `x${text}\n`]) {
        try {
          read(each);
        } catch (error) {
          // a refusal, but no fault such as a range error
          assert.equal((error as Error).name, 'ServiceError', String(error));
        }
      }
      const { user, system } = process.cpuUsage(startedAt);
      assert.ok(user + system < MOST_MS * 1000, `${JSON.stringify(piece)} took ${user + system} µs`);
    }
  });
}
