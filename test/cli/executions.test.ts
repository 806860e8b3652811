import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { dataOf, getSegment } from '../client.ts';
import { makeFolder } from '../folder.ts';
import type { ServiceProcess } from '../process.ts';
import { muster } from './run.ts';
import { sharedService } from './shared.ts';

const shared = sharedService({ segments: ['vip', 'doomed'] });
let service: ServiceProcess;

async function openFolder() {
  service = await shared.open();
  const folder = await makeFolder();
  shared.discard(folder);
  const env = { MUSTER_URL: service.baseUrl, MUSTER_TOKEN: service.token };
  const run = (...args: string[]) => muster(args, { env, cwd: folder });
  return {
    ...{ folder, env, run },
    /** Imports a file; resolves to its execution. */
    importText: async (name: string, text: string, ...flags: string[]) => {
      await writeFile(path.join(folder, name), text);
      const { stdout, stderr } = await run('import', '--json', ...flags, name);
      assert.notEqual(stdout, '', stderr);
      return JSON.parse(stdout).files[0].execution as { id: string; status: string };
    },
  };
}

const csv = (...rows: string[]) =>
  `operation,user_account_id,segment_technical_name,expiration_duration\n${rows.join('\n')}\n`;

test('an id alone finds an execution, whatever it is of', async () => {
  const { run, importText } = await openFolder();
  const { id } = await importText('a.csv', csv('UPDATE,u1,vip,0', 'upsert,u2,vip,0'));
  const list = await importText('list.csv', 'user_account_id\nu3\n', '--segment', 'vip', '--mode', 'update');
  const status = await run('status', id);
  assert.equal(status.code, 2, status.stderr);
  assert.match(status.stdout, /^a\.csv: 2 lines/);
  assert.match(status.stdout, /line 3 +INVALID_OPERATION: /);
  assert.match(status.stdout, new RegExp(`error file +muster errors ${id} -o FILE\\n`));
  assert.match((await run('status', list.id)).stdout, /list\.csv/);
  assert.match((await run('cancel', id)).stderr, /it is SUCCEEDED \(CONFLICT\)/);

  const before = (await getSegment(service, '1')).user_points_count;
  for (const each of [id, list.id]) {
    const reverted = await run('revert', each);
    assert.equal(reverted.code, 0, reverted.stderr);
  }
  assert.equal((await getSegment(service, '1')).user_points_count, before - 2);
  assert.match((await run('revert', '999')).stderr, /no execution 999 in datamart 1/);
  assert.match((await run('revert', 'x')).stderr, /expected a decimal id, got "x"/);
});

test('names are taken where ids are', async () => {
  const { run, importText } = await openFolder();
  const list = await importText('list.csv', 'user_account_id\nn1\n', '--segment', 'vip');
  const file = await importText('named.csv', csv('UPDATE,n2,vip,0'));
  assert.equal((await run('status', list.id, '--segment', 'vip')).code, 0);
  assert.equal((await run('status', file.id, '--import', 'muster-cli csv')).code, 0);
  assert.match((await run('status', file.id, '--segment', 'vip')).stderr, /in segment vip \(NOT_FOUND\)/);
  assert.equal((await run('revert', list.id, '--segment', 'vip')).code, 0);
  const deleted = await run('segments', 'delete', 'doomed');
  assert.equal(deleted.stdout, 'segment 2 deleted: doomed\n');
  const webhook = ['webhooks', 'create', 'https://ops.example.com/x', '--import', 'muster-cli csv', '--json'];
  assert.notEqual(JSON.parse((await run(...webhook)).stdout).document_import_id, null);
});

test('imports and executions are listed, by status, import and segment', async () => {
  const { run, importText } = await openFolder();
  const good = await importText('good.csv', csv('UPDATE,l1,vip,0'));
  const refused = await importText('bad.csv', csv('upsert,l2,vip,0'), '--max-failure-ratio', '0');
  assert.equal(refused.status, 'FAILED');
  const imports = await run('imports');
  assert.equal(imports.code, 0, imports.stderr);
  assert.match(imports.stdout, /^ *ID +NAME +FORMAT +PRIORITY .*\n/);
  assert.match(imports.stdout, new RegExp(` muster-cli csv +csv +MEDIUM .* ${refused.id} +FAILED +1\\n`));
  assert.deepEqual(JSON.parse((await run('imports', '--keywords', 'nothing', '--json')).stdout), []);

  const all = await run('executions', '--limit', '1');
  assert.match(all.stdout, new RegExp(`\n *${refused.id} .* FAILED +import \\d+ +bad\\.csv +1 +1 `));
  assert.match(all.stderr, /^\d+ more; see them with --limit\n$/);
  const ids = async (...flags: string[]) =>
    (JSON.parse((await run('executions', '--json', ...flags)).stdout) as { id: string }[]).map(
      ({ id }) => id,
    );
  assert.deepEqual(await ids('--status', 'failed'), [refused.id]);
  assert.deepEqual((await ids('--import', 'muster-cli csv')).slice(0, 2), [refused.id, good.id]);
  assert.ok(!(await ids('--segment', 'vip')).includes(good.id));
  assert.match((await run('executions', '--status', 'done')).stderr, /--status: expected some of PENDING, /);
});

test('errors shows failed lines, or saves them and never overwrites without being asked', async () => {
  const { run, importText, folder } = await openFolder();
  for (const [name, text] of [
    ['e.csv', csv('UPDATE,e0,vip,0', 'upsert,e1,vip,0', 'UPDATE,"e\n2",nowhere,0').replaceAll(',', ';')],
    ['e.ndjson', `{"operation":"upsert"}\nnot json {"error_code":"x"}\n`],
  ] as const) {
    const { id } = await importText(name, text);
    const shown = await run('errors', id);
    assert.equal(shown.code, 0, shown.stderr);
    assert.match(
      shown.stdout,
      /^ +LINE +CODE +MESSAGE\n +\d +INVALID_OPERATION +operation must be .*\n +\d +\w+ /,
    );
    const lines = JSON.parse((await run('errors', id, '--json')).stdout) as { line: number; code: string }[];
    assert.deepEqual(
      lines.map(({ line }) => line),
      name === 'e.csv' ? [3, 4] : [1, 2],
    );
    const raw = await run('errors', id, '-o', '-');
    assert.equal((await run('errors', id, '-o', 'saved')).code, 0);
    const saved = await readFile(path.join(folder, 'saved'), 'utf8');
    assert.equal(saved, raw.stdout);
    await writeFile(path.join(folder, 'saved'), 'mine');
    const refused = await run('errors', id, '-o', 'saved');
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /saved already exists: choose another name, or overwrite it with --force/);
    assert.equal(await readFile(path.join(folder, 'saved'), 'utf8'), 'mine');
    assert.equal((await run('errors', id, '-o', 'saved', '--force')).code, 0);
    assert.equal(await readFile(path.join(folder, 'saved'), 'utf8'), saved);
    assert.equal((await run('errors', id, '-o', '/dev/null', '--force')).code, 0);
    await rm(path.join(folder, 'saved'));
  }
  const { id } = await importText('fine.csv', csv('UPDATE,f1,vip,0'));
  assert.equal((await run('errors', id)).stdout, 'no line failed\n');
});

test('MUSTER_DATAMART is the datamart where no flag names one', async () => {
  const { run, env, folder, importText } = await openFolder();
  const { id: other } = await dataOf<{ id: string }>(
    service.call('POST', '/v1/datamarts', { name: 'other' }),
  );
  const inOther = (...args: string[]) =>
    muster(args, { env: { ...env, MUSTER_DATAMART: other }, cwd: folder });
  assert.equal((await inOther('segments', 'create', 'there', '--technical-name', 'there')).code, 0);
  assert.match((await inOther('segments')).stdout, /there/);
  assert.doesNotMatch((await run('segments')).stdout, /there/);
  const { id } = await importText('o.csv', csv('UPDATE,o1,there,0'), '--datamart', other);
  assert.equal((await inOther('status', id)).code, 0);
  assert.match((await run('status', id)).stderr, /choose another one with --datamart/);
  const { stderr } = await muster(['segments'], { env: { ...env, MUSTER_DATAMART: 'x' } });
  assert.match(stderr, /MUSTER_DATAMART: expected the id of a datamart, got "x"/);
});
