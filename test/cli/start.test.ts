import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';
import { CLI, NO_PROFILES } from './run.ts';

/**
 * Node tells which files it opens as modules when it is asked to: those of packages, which are what
 * a start waits for.
 */
function packagesOf(args: readonly string[]): string[] {
  const { stderr } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, XDG_CONFIG_HOME: NO_PROFILES, NODE_DEBUG: 'esm,module' },
    maxBuffer: 64 * 1024 * 1024,
  });
  const named = stderr.matchAll(/node_modules[\\/]((?:@[\w.-]+[\\/])?[\w.-]+)/g);
  return [...new Set([...named].map(([, name]) => name ?? ''))];
}

test('a version and a look-up load no package at all, and the service does', () => {
  assert.deepEqual(packagesOf(['--version']), []);
  assert.deepEqual(packagesOf(['lookup', 'user_account_id=1', '--url', 'http://127.0.0.1:1']), []);
  const ofService = packagesOf(['serve', '--data', '/dev/null/none', '--port', '0']);
  assert.ok(ofService.includes('fastify') && ofService.includes(path.join('@duckdb', 'node-api')));
});
