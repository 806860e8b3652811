import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { discardFolder, makeFolder } from '../folder.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../../bench/main.ts');
/**
 * It starts four databases and a dozen services: three minutes beside other tests. A machine that
 * is busy takes longer.
 */
const TIMEOUT_MS = 480_000;

/** Rows that need nothing but Muster; each must have been measured. How fast is not looked at. */
const ROWS = [
  'Muster: NDJSON, 1 M lines, empty store',
  'Muster: NDJSON, the same file again',
  'Muster: CSV, 1 M lines, empty store',
  'Muster: NDJSON, 1 M lines, 1 % bad, empty store',
  'Muster: NDJSON, 1 M lines, into 10 M memberships',
  'Muster: CSV, 1 M lines, into 30 M memberships',
  'Muster: NDJSON, 10 M lines in one file, empty store',
  'Muster: 10,000 files of 10 lines',
  'Muster: replace a segment of 1 M users, 0.1 % of them with others',
  'Muster: replace a segment of 1 M users, 50 % of them with others',
  'Muster: export 1 M members as NDJSON',
  'Muster: export 1 M members as CSV',
  'Muster: revert an import of 1 M lines',
  'Overlaps of 10 segments',
  'History of a segment, 48 hours',
  'Executions that changed a segment',
  "Changes of a user's memberships",
  'Bare node:http route that reads 4 KiB of a file: 100/s, idle',
  'Muster, 3 M memberships: GET /health/live, 16 connections without a pause',
  'Muster, 3 M memberships: look-ups 100/s, idle',
  'Muster, 30 M memberships: look-ups, 16 connections without a pause, idle',
  'Muster, 30 M memberships: 1,000 users in one call',
  'Muster, 30 M memberships: look-ups 100/s, beside 20 imports of 1 M lines',
  'Muster, 30 M memberships: look-ups 100/s, right after these 20',
  'limit: `JSON.parse` of each line',
  'limit: DuckDB `read_ndjson`',
];

test('the bench measures every row and writes the table into a document', async (t) => {
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  const document = path.join(folder, 'performance.md');
  const args = [
    '--import',
    'tsx',
    PROGRAM,
    '--scale',
    '0.002',
    '--rounds',
    '1',
    '--seconds',
    '1',
    '--out',
    document,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: TIMEOUT_MS });
  const text = await readFile(document, 'utf8');
  assert.match(text, /^# Performance\n[\s\S]*\*\*At scale 0\.002/, 'a small run says that it is one');
  for (const what of ROWS) {
    const row = stdout.split('\n').find((line) => line.startsWith(`| ${what}`));
    assert.ok(row !== undefined, `there is a row "${what}"`);
    assert.ok(text.includes(row), 'the document has the printed table');
    assert.match(row, /\| +[\d,]+ \| +\d+\.\d\d \| +[\d,]+ \|/, row);
  }
  // Where PostgreSQL or Redis cannot run, their rows are skipped, which is no failure.
  assert.doesNotMatch(stdout, /\*\*failed\*\*/, stdout);
});
