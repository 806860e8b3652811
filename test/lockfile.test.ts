import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { discardFolder, makeFolder } from './folder.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
type Package = { version?: string; integrity?: string; resolved?: string; link?: boolean };
type Lockfile = { packages: Record<string, Package> };

function check(...args: readonly string[]) {
  const script = path.join(ROOT, 'scripts/check-lockfile.mjs');
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
}

test('every package of the lockfile has its integrity, and the gate sees one that has not', async (t) => {
  assert.equal(check().status, 0, check().stderr);
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  const file = path.join(folder, 'package-lock.json');
  const spoilt = (spoil: (packages: Lockfile['packages']) => void) => {
    const lock = JSON.parse(readFileSync(path.join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
    spoil(lock.packages);
    writeFileSync(file, JSON.stringify(lock));
    return check(file);
  };
  const NAME = 'node_modules/fastify';
  for (const [change, message] of [
    [{ integrity: undefined }, /node_modules\/fastify@.*got none/],
    [{ integrity: 'sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=' }, /expected integrity by SHA-512, got sha1/],
    [{ integrity: '' }, /expected integrity/],
    [{ link: true }, /got a link/],
    [{ resolved: 'https://example.com/fastify.tgz' }, /got https:\/\/example\.com/],
    [{ resolved: 'git+ssh://git@github.com/fastify/fastify.git' }, /got git\+ssh/],
  ] as const) {
    const { status, stderr } = spoilt((packages) => {
      packages[NAME] = { ...packages[NAME], ...change } as Package;
    });
    assert.equal(status, 1);
    assert.match(stderr, message);
  }
  const { status } = spoilt((packages) => {
    for (const name of Object.keys(packages)) delete packages[name];
  });
  assert.equal(status, 1);
});
