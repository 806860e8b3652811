import assert from 'node:assert/strict';
import { appendFile, cp, mkdir, readdir, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { createSegment, runFile } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { startProcess } from '../process.ts';
import { muster } from './run.ts';

type Damage = { readonly sql?: string; readonly files?: (kept: string) => Promise<void> };

/**
 * What is done to a store that agrees with itself, by the check that must notice. Each notices it
 * alone, or with those named.
 */
const DAMAGES: readonly (Damage & { readonly noticed: readonly string[] })[] = [
  {
    sql: 'delete from user_identifier_recent where kind = 2',
    noticed: ['membership-users', 'segment-sizes', 'serving-runs'],
  },
  { sql: 'update membership_recent set point_kinds = 5', noticed: ['membership-kinds', 'segment-sizes'] },
  {
    sql: 'insert into membership_recent select * from membership limit 1',
    noticed: ['membership-duplicates'],
  },
  {
    sql: 'update membership_recent set segment_id = 77 where segment_id = 2',
    noticed: ['membership-segments', 'changes', 'serving-runs'],
  },
  { sql: 'update segment set datamart_id = 9 where id = 2', noticed: ['membership-datamarts'] },
  { sql: 'update user_identifier_recent set point_kinds = 7 where kind = 1', noticed: ['identifier-kinds'] },
  { sql: `update user_identifier_recent set value = value || 'x'`, noticed: ['identifier-keys'] },
  {
    sql: 'insert into user_identifier_recent select * from user_identifier limit 1',
    noticed: ['identifier-duplicates'],
  },
  { sql: 'update membership_change set kind = 3 where segment_id = 1', noticed: ['changes'] },
  { sql: 'delete from execution_checkpoint where execution_id = 1', noticed: ['execution-rows'] },
  {
    sql: `insert into webhook_delivery (id, webhook_id, message_id, event, body, status, attempts, creation_ts)
      values (0, 7, 'm', 'webhook.ping', '', 'PENDING', 0, 1)`,
    noticed: ['webhook-rows'],
  },
  {
    sql: 'update membership_recent set creation_ts = creation_ts - 1 where segment_id = 2',
    noticed: ['serving-runs'],
  },
  {
    sql: `update membership_recent set data_bag = '{"secret":2}' where data_bag is not null`,
    noticed: ['serving-runs'],
  },
  { sql: 'delete from serving_run where first_step > 0', noticed: ['serving-runs'] },
  { sql: 'update serving_run set bytes = bytes + 1 where first_step > 0', noticed: ['serving-runs'] },
  { sql: 'update segment set id = 1000 where id = 3', noticed: ['sequences'] },
  { sql: 'update execution_checkpoint set superseded = superseded + 1', noticed: ['execution-counts'] },
  { sql: 'update execution_checkpoint set not_applied = not_applied + 1', noticed: ['execution-counts'] },
  {
    sql: 'update execution_checkpoint set next_offset = next_offset + 1',
    noticed: ['execution-checkpoints'],
  },
  {
    sql: `update execution_checkpoint set failures = 2, failures_by_code = '{"UNKNOWN_SEGMENT": 2}'`,
    noticed: ['error-files'],
  },
  { files: (kept) => appendFile(path.join(kept, 'input'), '\n'), noticed: ['input-files'] },
  { files: (kept) => writeFile(path.join(kept, 'input'), 'x', { flag: 'r+' }), noticed: ['input-files'] },
  { files: (kept) => rm(path.join(kept, 'input')), noticed: ['input-files'] },
  { files: async (kept) => truncate(await errorPartOf(kept), 10), noticed: ['error-files'] },
  { files: async (kept) => rm(await errorPartOf(kept)), noticed: ['error-files'] },
  {
    files: async (kept) => {
      const orphan = path.join(path.dirname(kept), '00000000-0000-4000-8000-000000000000');
      await mkdir(orphan);
      await utimes(orphan, 0, 0);
    },
    noticed: ['folders'],
  },
];

test('muster check notices what does not agree, each by its name, and shows no identifier', async (t) => {
  const service = await startProcess(t);
  const folder = await makeFolder();
  t.after(() => discardFolder(t, folder));
  for (const name of ['a', 'b', 'empty']) await createSegment(service, { name });
  await runFile(service, 'CSV', CSV);

  const busy = await muster(['check', '--data', service.data]);
  assert.equal(busy.code, 1);
  assert.match(busy.stderr, /^error: the store in .* is in use by another process$/m);
  await service.kill();
  const sound = await muster(['check', '--data', service.data]);
  assert.equal(sound.code, 0, sound.stdout + sound.stderr);
  assert.ok(sound.stdout.split('\n').filter((line) => / OK$/.test(line)).length >= 16, sound.stdout);

  for (const damage of DAMAGES) {
    const data = path.join(folder, 'data');
    await cp(service.data, data, { recursive: true });
    await harm(data, damage);
    const { code, stdout, stderr } = await muster(['check', '--json', '--data', data]);
    const told = `${JSON.stringify(damage)}: ${stdout}${stderr}`;
    assert.equal(code, 2, told);
    const { checks } = JSON.parse(stdout) as {
      checks: { name: string; violations: number; examples: string[] }[];
    };
    const noticed = checks.filter(({ violations }) => violations > 0).map(({ name }) => name);
    assert.deepEqual(noticed, damage.noticed, told);
    for (const { violations, examples } of checks)
      assert.equal(examples.length, Math.min(3, violations), told);
    assert.doesNotMatch(stdout, /secret/, told);
    await rm(data, { recursive: true });
  }
  const nothing = await muster(['check', '--data', folder]);
  assert.equal(nothing.code, 1);
  assert.match(nothing.stderr, /cannot be read as a data folder/);
});

/** Two members, one of them known by a hash, and a line that fails over two lines. */
const CSV = `operation,user_account_id,email_hash,segment_id,expiration_ts,data_bag
UPDATE,secret-account,,1,0,"{""secret"":1}"
UPDATE,,secret-hash,2,0,
UPDATE,"secret
other",,999,0,
`;

async function errorPartOf(kept: string): Promise<string> {
  return path.join(kept, (await readdir(kept)).find((name) => name.startsWith('errors-')) ?? '');
}

async function harm(data: string, { sql, files }: Damage): Promise<void> {
  const kept = path.join(data, 'documents', 'kept');
  const [name = ''] = await readdir(kept);
  await files?.(path.join(kept, name));
  if (sql === undefined) return;
  const instance = await DuckDBInstance.create(path.join(data, 'store', 'muster.duckdb'));
  const connection = await instance.connect();
  await connection.run(sql);
  connection.closeSync();
  instance.closeSync();
}
