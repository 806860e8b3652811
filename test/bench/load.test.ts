import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

const PROGRAM = path.resolve(import.meta.dirname, '../../bench/load/main.ts');
const TIMEOUT_MS = 120_000;
const SMALL = [
  '--seconds',
  '3',
  '--uploads',
  '20',
  '--look-ups',
  '20',
  '--users',
  '1000',
  '--upload-ms',
  '500',
];

test('a small load: what was acknowledged is executed, and nothing is left open or behind', async () => {
  const args = ['--import', 'tsx', PROGRAM, ...SMALL, '--gone', '100'];
  // ends with 1 when something was not as it must be
  const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: TIMEOUT_MS });
  for (const row of [
    /uploads by answer +\| .*200: \d+.*went away: \d+/,
    /look-ups +\| \d+, \d+\/s, 0 failed/,
  ])
    assert.match(stdout, row);
});
