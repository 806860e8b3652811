import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSegment, dataOf, type ExecutionAnswer, getSegment } from '../client.ts';
import { muster, start, startMuster } from './run.ts';

const line = (segment_id: string, user: string) =>
  `${JSON.stringify({ operation: 'UPDATE', user_account_id: user, segment_id, expiration_duration: 0 })}\n`;

/** A service, a segment, and a folder to watch; `watch` starts one that ends with the test. */
async function prepare(t: TestContext) {
  const { service, folder: home } = await startMuster(t);
  const folder = path.join(home, 'drop');
  await mkdir(folder);
  const segment = await createSegment(service, { name: 'watched' });
  const env = { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token };
  const args = ['watch', folder, '--settle', '1'];
  const executions = async () => {
    const imports = await dataOf<{ id: string }[]>(service.call('GET', '/v1/datamarts/1/document_imports'));
    const lists = imports.map(({ id }) =>
      dataOf<ExecutionAnswer[]>(service.call('GET', `/v1/datamarts/1/document_imports/${id}/executions`)),
    );
    return (await Promise.all(lists)).flat();
  };
  return {
    ...{ service, folder, segment, executions },
    once: () => muster([...args, '--once', '--json'], { env }),
    watch: () => {
      const started = start([...args, '--json'], { env });
      t.after(() => started.child.kill('SIGKILL'));
      return started;
    },
    put: (name: string, text: string) => writeFile(path.join(folder, name), text),
    listed: async (name: string) => (await readdir(path.join(folder, name)).catch(() => [])).sort(),
  };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await condition()); tries++) {
    assert.ok(tries < 1200, 'did not come about');
    await sleep(50);
  }
}

test('files are imported and moved, with their reports and failed lines', async (t) => {
  const { put, once: run, listed, folder, service, segment } = await prepare(t);
  await put('good.ndjson', line(segment, 'a'));
  await put('bad.ndjson', line(segment, 'b') + line('404', 'c'));
  await put('empty.ndjson', '');
  await put('half.ndjson.part', line(segment, 'd'));
  await put('.hidden', line(segment, 'e'));
  const { code, stdout, stderr } = await run();
  assert.equal(code, 2, stderr);
  assert.equal(stdout.trimEnd().split('\n').length, 3);
  assert.deepEqual(await listed('done'), ['good.ndjson', 'good.ndjson.report.json']);
  assert.deepEqual(await listed('failed'), [
    'bad.ndjson',
    'bad.ndjson.errors',
    'bad.ndjson.report.json',
    'empty.ndjson',
    'empty.ndjson.report.json',
  ]);
  assert.deepEqual(await listed('.working'), []);
  assert.match(await readFile(path.join(folder, 'failed', 'bad.ndjson.errors'), 'utf8'), /UNKNOWN_SEGMENT/);
  const report = JSON.parse(await readFile(path.join(folder, 'failed', 'bad.ndjson.report.json'), 'utf8'));
  assert.equal(report.execution.result.total_failure, 1);
  assert.equal((await getSegment(service, segment)).user_points_count, 2);
  assert.deepEqual(await readdir(folder), ['.hidden', '.working', 'done', 'failed', 'half.ndjson.part']);
});

test('a file that is still written to is waited for', async (t) => {
  const { watch, listed, folder, service, segment } = await prepare(t);
  watch();
  const file = path.join(folder, 'slow.ndjson');
  for (let at = 0; at < 8; at++) {
    await appendFile(file, line(segment, `u${at}`));
    await sleep(400);
    assert.deepEqual(await listed('done'), []);
  }
  await until(async () => (await listed('done')).includes('slow.ndjson'));
  assert.equal((await getSegment(service, segment)).user_points_count, 8);
});

test('the same content again is a file of its own, with counts and a name of its own', async (t) => {
  const { put, once: run, listed, executions, folder, segment } = await prepare(t);
  for (const name of ['same.ndjson', 'same.ndjson', 'other.ndjson']) {
    await put(name, line(segment, 'a'));
    assert.equal((await run()).code, 0);
  }
  assert.equal((await executions()).length, 3);
  assert.deepEqual(
    (await listed('done')).filter((name) => name.endsWith('.ndjson')),
    ['other.ndjson', 'same.2.ndjson', 'same.ndjson'],
  );
  const updatedIn = async (name: string) =>
    JSON.parse(await readFile(path.join(folder, 'done', `${name}.report.json`), 'utf8')).execution.result
      .memberships_updated;
  assert.equal(await updatedIn('same.ndjson'), 0);
  assert.equal(await updatedIn('same.2.ndjson'), 1);
  assert.equal(await updatedIn('other.ndjson'), 1);
});

test('killed in the middle, it goes on, and applies no file twice', async (t) => {
  const { put, watch, once: run, listed, executions, folder, segment } = await prepare(t);
  const users = Array.from({ length: 30_000 }, (_, at) => line(segment, `u${at}`)).join('');
  await put('large.ndjson', users);
  const first = watch();
  await until(async () => (await executions()).length === 1);
  first.child.kill('SIGKILL');
  await once(first.child, 'close');
  const [work = ''] = await listed('.working');
  assert.deepEqual(await listed(`.working/${work}`), ['large.ndjson'], 'it had not moved the file yet');
  // as it is when it was killed a little later
  await writeFile(path.join(folder, '.working', work, '.errors'), 'made by the first run');
  const report = { id: work, exit_code: 0 };
  await writeFile(path.join(folder, 'done', 'large.ndjson.report.json'), JSON.stringify(report));
  assert.equal((await run()).code, 0);
  assert.equal((await executions()).length, 1);
  assert.deepEqual(await listed('done'), ['large.ndjson', 'large.ndjson.report.json']);
  assert.deepEqual(await listed('.working'), []);
});

test('what every file would meet ends it, and leaves the files where they are', async (t) => {
  const { put, once, listed, folder, service, segment } = await prepare(t);
  await put('a.ndjson', line(segment, 'a'));
  const env = { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: 'wrong' };
  const { code, stderr } = await muster(['watch', folder, '--settle', '1', '--once'], { env });
  assert.equal(code, 1);
  assert.match(stderr, /UNAUTHORIZED/);
  assert.deepEqual(await listed('failed'), []);
  const [work = ''] = await listed('.working');
  assert.deepEqual(await listed(`.working/${work}`), ['a.ndjson']);
  // an earlier version had it there itself; either is gone on with
  await rename(path.join(folder, '.working', work, 'a.ndjson'), path.join(folder, '.working', 'a.ndjson'));
  assert.equal((await once()).code, 0);
  assert.deepEqual(await listed('done'), ['a.ndjson', 'a.ndjson.report.json']);
  assert.deepEqual(await listed('.working'), []);
  const wrong = await muster(['watch', path.join(folder, 'nosuch')], { env });
  assert.match(wrong.stderr, /expected a folder/);
});
