import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { readConfig } from '../src/config.ts';
import { startService } from '../src/service.ts';
import { attachText } from '../src/store/duckdb/attach.ts';

const ONE = 'one'.padEnd(32, '-');
const TWO = 'two'.padEnd(32, '-');

test('a fresh store makes an admin token once; a preset one is replaced by the next', async (t) => {
  const data = await mkdtemp(path.join(os.tmpdir(), 'muster-token-'));
  t.after(() => rm(data, { recursive: true }));

  /**
   * Starts with a preset token or none; gives the token it made, and the status each of `tokens`
   * gets.
   */
  const start = async (preset: string | null, tokens: readonly string[]) => {
    const config = readConfig(
      { data, port: '0', 'log-level': 'silent' },
      preset === null ? {} : { MUSTER_ADMIN_TOKEN: preset },
    );
    const service = await startService(config);
    try {
      const asked = [...tokens, ...(service.adminToken === null ? [] : [service.adminToken])];
      const answers = asked.map((token) =>
        fetch(`${service.url}/v1/datamarts`, { headers: { authorization: token } }),
      );
      return { made: service.adminToken, statuses: (await Promise.all(answers)).map(({ status }) => status) };
    } finally {
      await service.close();
    }
  };

  const first = await start(null, []);
  assert.match(first.made ?? '', /^muster_/);
  assert.deepEqual(first.statuses, [200]);
  const own = first.made ?? '';
  assert.deepEqual(await start(null, [own]), { made: null, statuses: [200] });
  assert.deepEqual(await start(ONE, [own, ONE]), { made: null, statuses: [200, 200] });
  assert.deepEqual(await start(TWO, [own, ONE, TWO]), { made: null, statuses: [200, 401, 200] });
  // the next one comes behind more than are read at a time
  await addTokens(path.join(data, 'store/muster.duckdb'));
  assert.deepEqual(await start(ONE, [own, ONE, TWO]), { made: null, statuses: [200, 200, 401] });
  assert.deepEqual(await start(TWO, [own, ONE, TWO]), { made: null, statuses: [200, 401, 200] });
});

/** In one statement: each by itself is synced. */
async function addTokens(file: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(attachText(file, 'muster'));
  await connection.run('use muster');
  await connection.run(`insert into api_token (id, name, role, creation_date, value_hash)
    select nextval('api_token_id'), 'token ' || range, 'reader', 0, 'hash ' || range from range(1001)`);
  connection.closeSync();
  instance.closeSync();
}
