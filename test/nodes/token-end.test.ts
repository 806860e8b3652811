import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createImport, createSegment, dataOf, executionsPath } from '../client.ts';
import { discardFolder, makeFolder } from '../folder.ts';
import { startService } from '../helper.ts';
import { postgresServer, storeOf } from '../postgres.ts';

const LINE =
  '{"operation":"UPDATE","user_account_id":"a","segment_technical_name":"s","expiration_duration":0}\n';

after(async () => (await postgresServer()).stop());

test('a token that one node deletes has nothing under way at another one within a second', async (t) => {
  const documents = await makeFolder();
  t.after(() => discardFolder(t, documents));
  const store = await storeOf(documents, Date.now());
  const one = await startService(t, { store, documents });
  const other = await startService(t, { store, documents });
  await createSegment(one, { name: 's', technical_name: 's' });
  const url = executionsPath({
    datamartId: '1',
    documentImportId: await createImport(one, { format: 'NDJSON' }),
  });
  const { id, value } = await dataOf<{ id: string; value: string }>(
    one.call('POST', '/v1/api_tokens', { name: 'one', role: 'editor', datamart_ids: null }),
  );
  const headers = { authorization: value, 'content-type': 'application/x-ndjson' };
  const slowly = new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.from(LINE)),
  });
  const answer = fetch(`${other.baseUrl}${url}`, {
    ...{ method: 'POST', headers, body: slowly, duplex: 'half' },
  } as RequestInit);
  // longer than a look: requests that are over before it are not asked for
  await sleep(1_000);
  assert.equal((await other.call('GET', '/v1/audience_segments', undefined, headers)).status, 200);

  await dataOf(one.call('DELETE', `/v1/api_tokens/${id}`));
  const deletedAt = performance.now();
  const { status } = await answer;
  assert.equal(status, 401);
  assert.ok(performance.now() - deletedAt < 1_500, `${performance.now() - deletedAt} ms`);
  await sleep(Math.max(0, 1_000 - (performance.now() - deletedAt)));
  assert.equal((await other.call('GET', '/v1/audience_segments', undefined, headers)).status, 401);
  assert.deepEqual(await dataOf(one.call('GET', url)), []);
});
