import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Source } from '../../console/src/api/types.ts';
import { bodyOf, draftOf, isComplete, newDraft } from '../../console/src/sources/source-draft.ts';
import { createImport, dataOf } from '../client.ts';
import { startService } from '../helper.ts';
import { folderFor, putSource, sourcePath } from '../sources/source-world.ts';

test('a source of any kind that goes through the form unchanged stays as it is', async (t) => {
  const folder = await folderFor(t);
  const service = await startService(t, {
    sourceFolders: [folder],
    sourceHosts: ['files.example.com'],
    sourceKey: Buffer.alloc(32, 1).toString('base64'),
    pauseSources: true,
  });
  const of: readonly object[] = [
    { kind: 'LOCAL', folder, pattern: '*.csv', after: 'move', after_folder: 'done', order: 'time' },
    { kind: 'LOCAL', folder, schedule: { interval: 90_000 }, enabled: false, max_files: 7 },
    { kind: 'LOCAL', folder, schedule: { interval: 1_500 } },
    {
      ...{ kind: 'HTTPS', url: 'https://files.example.com/users.csv.gz', credentials: { token: 'secret' } },
      schedule: { cron: '0 6 * * 1-5', time_zone: 'Europe/Paris' },
      options: { mode: 'replace', max_shrink_ratio: 0.07, max_failure_ratio: 0, allow_empty: false },
    },
    {
      ...{ kind: 'S3', bucket: 'exports', prefix: 'daily/', region: 'eu-west-1', marker: '_SUCCESS' },
      options: { create_missing_segments: true },
      credentials: { access_key_id: 'id', secret_access_key: 'secret' },
    },
    {
      ...{ kind: 'SFTP', host: 'files.example.com', port: 2022, user: 'muster', folder: 'out' },
      host_key: `SHA256:${'a'.repeat(43)}`,
      credentials: { password: 'secret' },
      after: 'delete',
    },
  ];
  for (const body of of) {
    const importId = await createImport(service, { format: 'CSV' });
    await putSource(service, importId, body);
    const path = sourcePath(importId);
    const before = await dataOf<Source>(service.call('GET', path));
    const draft = draftOf(before, 'Asia/Tokyo');
    assert.ok(isComplete(draft), JSON.stringify(draft));
    const after = await dataOf<Source>(service.call('PUT', path, bodyOf(draft)));
    const { last_modified_ts: _, next_run_ts: __, ...same } = after;
    const { last_modified_ts: ___, next_run_ts: ____, ...was } = before;
    assert.deepEqual(same, was);
  }
});

test('a new source is complete once it says where its files are, and an interval is in ms', () => {
  const draft = newDraft('Europe/Paris');
  assert.equal(isComplete(draft), false);
  assert.equal(isComplete({ ...draft, location: { folder: ' ' } }), false);
  const complete = { ...draft, location: { folder: ' /srv/in ' } };
  assert.equal(isComplete(complete), true);
  assert.equal(isComplete({ ...complete, when: 'INTERVAL', every: '' }), false);
  assert.deepEqual(bodyOf({ ...complete, when: 'INTERVAL', every: 1.5, unit: 'HOURS' }), {
    ...{ kind: 'LOCAL', folder: '/srv/in', credentials: null, pattern: null, order: 'name', max_files: 100 },
    ...{
      after: 'leave',
      after_folder: 'taken',
      schedule: { interval: 5_400_000 },
      enabled: true,
      options: {},
    },
  });
  // what was typed for another kind is not sent
  const other = { ...complete, kind: 'HTTPS', after: 'delete', credentials: { private_key: 'x' } } as const;
  const sent = bodyOf({ ...other, location: { folder: '/srv', url: 'https://a.example/b.csv' } });
  assert.deepEqual(sent, {
    ...{ kind: 'HTTPS', url: 'https://a.example/b.csv', credentials: null, pattern: null, order: 'name' },
    ...{ max_files: 100, after: 'leave', after_folder: 'taken', schedule: null, enabled: true, options: {} },
  });
});
