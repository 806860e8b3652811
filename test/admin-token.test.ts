import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { readConfig } from '../src/config.ts';
import { startService } from '../src/service.ts';

const ONE = 'one'.padEnd(32, '-');
const TWO = 'two'.padEnd(32, '-');

test('a fresh store makes an admin token once; a preset one is replaced by the next', async (t) => {
  const data = await mkdtemp(path.join(os.tmpdir(), 'muster-token-'));
  t.after(() => rm(data, { recursive: true }));

  /** Starts with a preset token or none; gives the token it made, and the status each of `tokens` gets. */
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
});
