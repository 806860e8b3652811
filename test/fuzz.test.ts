import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { longer } from './tiers.ts';

const PROGRAM = path.resolve(import.meta.dirname, '../fuzz/main.ts');
/** Of each target. */
const MINUTES = String(longer(0.02, 2));
const TIMEOUT_MS = longer(300_000, 3_000_000);
const run = (...args: string[]) =>
  promisify(execFile)(process.execPath, ['--import', 'tsx', PROGRAM, ...args], { timeout: TIMEOUT_MS });

test('every target of the fuzzer runs, and finds nothing', async () => {
  const { stdout } = await run('--minutes', MINUTES);
  const targets = [...stdout.matchAll(/^(\w+): (\d+) runs in [\d.]+ s, 0 findings$/gm)];
  assert.deepEqual(
    targets.map(([, name]) => name),
    ['ndjson', 'csv', 'header', 'selector', 'gzip', 'zstd', 'forms', 'http'],
  );
  for (const [line, , runs] of targets) assert.ok(Number(runs) > 0, line);
});

test('what is no target is refused with those that are', async () => {
  await assert.rejects(run('--target', 'nothing'), /expected all or some of ndjson, csv, .* got nothing/);
});
