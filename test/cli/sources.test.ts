import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { startProcess } from '../process.ts';
import { folderFor, openImport } from '../sources/source-world.ts';
import { muster } from './run.ts';

test('a source is set from a file, tried, pulled and looked at', async (t) => {
  const folder = await folderFor(t);
  const service = await startProcess(t, {
    MUSTER_SOURCE_FOLDERS: folder,
    MUSTER_SOURCE_SETTLE_MS: '100',
    MUSTER_SOURCE_KEY: 'a'.repeat(64),
  });
  const { line } = await openImport(service);
  const env = { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token };
  const run = (args: readonly string[], input?: string) =>
    muster(['sources', ...args], { env, ...(input === undefined ? {} : { input }) });
  assert.equal((await run([])).stdout, 'no sources\n');
  const file = path.join(await folderFor(t), 'source.json');
  await writeFile(file, JSON.stringify({ kind: 'LOCAL', folder, pattern: '*.ndjson' }));
  const set = await run(['set', 'test NDJSON', file]);
  assert.equal(set.stdout, `files are pulled from ${folder}, on request\n`, set.stderr);
  await writeFile(path.join(folder, 'a.ndjson'), line('a'));
  await writeFile(path.join(folder, 'b.txt'), 'x');
  const tried = await run(['test', '1']);
  assert.match(tried.stdout, /^NAME +SIZE +TAKEN +REASON\n/);
  assert.match(tried.stdout, /^a\.ndjson +\d+ B +yes /m);
  assert.match(tried.stdout, /^b\.txt +1 B +no +its name does not match \*\.ndjson$/m);
  const dry = await run(['run', '1', '--dry-run']);
  assert.deepEqual([dry.code, dry.stdout], [0, '1 file taken, 0 refused\n']);
  await writeFile(path.join(folder, 'c.ndjson'), '');
  assert.deepEqual(await run(['run', '1']), { code: 1, stdout: '1 file taken, 1 refused\n', stderr: '' });
  const files = (await run(['files', '1'])).stdout;
  assert.match(files, / a\.ndjson +\d+ B +TAKEN +2\n/);
  assert.match(files, / c\.ndjson +0 B +REFUSED +- +\S/);
  assert.match((await run([])).stdout, / 1 +LOCAL +\S+ +on request +- +2\d{3}-.*SUCCEEDED/);
  assert.equal((JSON.parse((await run(['show', '1'])).stdout) as { kind: string }).kind, 'LOCAL');

  const secret = path.join(path.dirname(file), 'secret.json');
  await writeFile(secret, '{"token":"sekret"}');
  const https = await run(
    ['set', '1', '-', '--credentials', secret],
    JSON.stringify({ kind: 'HTTPS', url: 'https://files.invalid/u', schedule: { cron: '0 6 * * *' } }),
  );
  assert.equal(https.stdout, 'files are pulled from https://files.invalid/u, 0 6 * * * UTC\n', https.stderr);
  const failed = await run(['test', '1']);
  assert.deepEqual([failed.code, failed.stdout], [2, '']);
  assert.match(failed.stderr, /^cannot use the source: the name of the host/);
  assert.equal((await run(['run', '1'])).code, 2);
  const broken = await run(['set', '1', '-'], '{"credentials":"sekret');
  assert.equal(broken.code, 1);
  assert.doesNotMatch(broken.stderr, /sekret/);
  assert.equal((await run(['delete', '1'])).stdout, 'the source of import 1 is deleted\n');
  assert.equal((await run(['show', '1'])).code, 1);
});
