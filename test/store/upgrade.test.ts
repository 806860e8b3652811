import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { NO_COMPARTMENT } from '../../src/model/identifier.ts';
import { openDuckDbStore } from '../../src/store/duckdb/open-duckdb-store.ts';
import { discardFolder, makeFolder } from '../folder.ts';

const NOW = 1_800_000_000_000;
const ALL = { firstResult: 0, maxResults: 100 };

/** A store that Muster wrote when its schema had version 1: two datamarts, a segment with two members, an ended execution. */
const VERSION_1 = new URL('./fixtures/version-1.duckdb.gz', import.meta.url);

test('a store of version 1 is brought to this version and keeps what it holds', async (t) => {
  const dir = await makeFolder();
  t.after(() => discardFolder(t, dir));
  await writeFile(path.join(dir, 'muster.duckdb'), gunzipSync(readFileSync(VERSION_1)));
  const open = () => openDuckDbStore({ dir, memoryBytes: 256 * 1024 * 1024, threads: 1, now: NOW });

  for (const time of ['first', 'second']) {
    const store = await open();
    const { elements: datamarts } = await store.datamarts.list({ ids: null, page: ALL });
    assert.deepEqual(
      datamarts.map(({ name }) => name),
      ['default', 'second'],
      time,
    );
    assert.deepEqual(
      (await store.tokens.list(ALL)).elements.map(({ name, role }) => [name, role]),
      [
        ['preset admin token', 'admin'],
        ['upload', 'editor'],
      ],
    );
    const execution = await store.executions.get('1');
    assert.equal(execution?.status, 'SUCCEEDED');
    assert.deepEqual(execution.checkpoint.failuresByCode, { UNKNOWN_SEGMENT: 1 });
    const identifier = { kind: 'USER_ACCOUNT', compartmentId: '1', value: 'u1' } as const;
    const asked = { datamartId: '1', now: NOW, page: ALL };
    const account = await store.listMemberships({ ...asked, user: { by: 'identifier', identifier } });
    assert.deepEqual(
      account?.elements.map(({ segmentName, dataBag }) => [segmentName, dataBag]),
      [['vip', '{"tier":"gold"}']],
    );
    const hash = { kind: 'USER_EMAIL', compartmentId: NO_COMPARTMENT, value: 'h1' } as const;
    assert.equal(
      (await store.listMemberships({ ...asked, user: { by: 'identifier', identifier: hash } }))?.total,
      1,
    );
    const log = await store.auditLog.list({ filter: { datamartIds: null }, page: ALL });
    assert.equal(log.total, time === 'first' ? 0 : 1);
    const author = { tokenId: '1', tokenName: 'n', requestId: null, at: NOW };
    const change = { action: 'DELETE', resourceType: 'segment', resourceId: '1', datamartId: '1' } as const;
    if (time === 'first') await store.auditLog.note(author, change);
    await store.close();
  }
});
