import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { discardFolder, makeFolder } from '../folder.ts';
import { muster, start, untilPrinted } from './run.ts';

test('the demo imports real purchases, gets the sizes they give, and starts afresh the next time', async (t) => {
  const cwd = await makeFolder();
  t.after(() => discardFolder(t, cwd));
  const first = await muster(['demo', '--exit'], { cwd });
  assert.equal(first.code, 0, first.stderr + first.stdout);
  assert.doesNotMatch(first.stderr, /error/);
  for (const file of ['april.ndjson', 'may.csv', 'april.ndjson.errors.ndjson', 'may.csv.errors.csv']) {
    assert.ok(existsSync(path.join(cwd, 'muster-demo', file)), file);
  }
  assert.match(first.stdout, /first-time-buyers .* 4,513 /);
  assert.match(first.stdout, /These sizes match those computed from the purchases\./);
  for (const code of [
    'INVALID_OPERATION',
    'CLEAR_EMAIL',
    'UNKNOWN_SEGMENT',
    'MISSING_EXPIRATION',
    'INVALID_JSON',
  ]) {
    assert.match(first.stdout, new RegExp(`^ *[\\d,]+ +${code} +\\w`, 'm'));
  }
  assert.ok(!first.stdout.includes(cwd), 'the folders of the machine are not shown');

  const second = await muster(['demo', '--exit'], { cwd });
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stdout, /an earlier demo was removed/);
});

test('the demo goes on serving until it is ended, and guards its folder', async (t) => {
  const cwd = await makeFolder();
  t.after(() => discardFolder(t, cwd));
  const demo = start(['demo', '--port', '0'], { cwd });
  const [, url = '', token = ''] = await untilPrinted(
    demo,
    /MUSTER_URL=(\S+)\n.*MUSTER_TOKEN=(\S+)\n[\s\S]*\/docs\./,
  );
  const segments = await muster(['segments', '--json'], { env: { MUSTER_URL: url, MUSTER_TOKEN: token } });
  assert.equal(JSON.parse(segments.stdout).length, 4);
  const again = await muster(['demo', '--exit'], { cwd });
  assert.equal(again.code, 1);
  assert.match(again.stderr, /a demo is running in muster-demo/);
  demo.child.kill('SIGTERM');
  assert.equal((await demo.ended).code, 0);
});

test('the demo leaves a folder alone that it did not make', async (t) => {
  const cwd = await makeFolder();
  t.after(() => discardFolder(t, cwd));
  await writeFile(path.join(cwd, 'precious.txt'), 'mine');
  const { code, stderr } = await muster(['demo', '--exit', '--data', '.'], { cwd });
  assert.equal(code, 1);
  assert.match(stderr, /was not created by the demo and is left alone/);
  assert.ok(existsSync(path.join(cwd, 'precious.txt')));
});
