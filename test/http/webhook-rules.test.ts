import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVENTS } from '../../src/model/webhook.ts';
import { clientOf, createImport, dataOf } from '../client.ts';
import { startService } from '../helper.ts';
import { missing, refused } from './refusals.ts';

const WEBHOOKS = '/v1/datamarts/1/webhooks';
const URL = 'https://example.com/hook';
const SECRET = `whsec_${Buffer.alloc(32, 'sesame').toString('base64')}`;

type Webhook = { id: string; secret?: string } & Record<string, unknown>;

test('webhooks', async (t) => {
  // no execution runs and nothing is sent: nobody is to be called
  const service = await startService(t, { parallelExecutions: 0 });
  const post = (body: unknown, path = WEBHOOKS) => service.call('POST', path, body);
  const { id: otherId } = await dataOf<{ id: string }>(post({ name: 'other' }, '/v1/datamarts'));
  const documentImportId = await createImport(service, { format: 'CSV' });
  const otherImportId = await createImport(service, { format: 'CSV', datamartId: otherId });

  await t.test('a webhook is shown as it was made, its secret once', async () => {
    const body = { url: URL, secret: SECRET, document_import_id: documentImportId, name: '' };
    const { secret, ...webhook } = await dataOf<Webhook>(post(body));
    assert.equal(secret, SECRET);
    const { creation_ts, ...rest } = webhook;
    assert.ok(Number(creation_ts) > 0);
    assert.deepEqual(rest, {
      id: webhook.id,
      datamart_id: '1',
      document_import_id: documentImportId,
      name: null,
      url: URL,
      events: EVENTS,
      enabled: true,
      disabled_reason: null,
    });
    const one = `${WEBHOOKS}/${webhook.id}`;
    assert.deepEqual(await dataOf(service.call('GET', one)), webhook);
    const put = (change: object) => dataOf<Webhook>(service.call('PUT', one, change));
    const changed = { ...webhook, name: 'n', document_import_id: null, events: ['execution.failed'] };
    assert.deepEqual(
      await put({ name: 'n', document_import_id: null, events: ['execution.failed'], secret: 'ignored' }),
      changed,
    );
    assert.deepEqual(await put({ events: [], url: `${URL}?x` }), {
      ...{ ...changed, events: webhook.events, url: `${URL}?x` },
    });
    assert.deepEqual(await put({}), { ...changed, events: webhook.events, url: `${URL}?x` });
    const list = await service.call('GET', WEBHOOKS);
    const deleted = await service.call('DELETE', one);
    for (const answer of [list, deleted]) assert.doesNotMatch(answer.text, /secret|whsec/);
    await missing(service.call('GET', one));
  });

  await t.test('what cannot be one is refused with what was expected, and without the secret', async () => {
    const { id } = await dataOf<Webhook>(post({ url: URL }));
    for (const [body, expected] of [
      [{}, /^url is required$/],
      [{ url: '' }, /^url must NOT have fewer than 1 characters/],
      [{ url: 'http://example.com/' }, /^url: expected a URL of https, got one of http$/],
      [{ url: 'https://10.0.0.1/?token=sesame' }, /^url: expected a public address, got one that is not$/],
      [{ url: URL, events: ['execution.started'] }, /^events\.0 must be one of execution\.succeeded/],
      [{ url: URL, document_import_id: otherImportId }, /^document_import_id must be that of .* got \d+$/],
      [{ url: URL, document_import_id: 'x' }, /^document_import_id must be an id/],
      [{ url: URL, secret: SECRET.slice(0, -3) }, /^secret must be whsec_ .* \(it is not shown here\)$/],
      [{ url: URL, secret: [SECRET] }, /^secret must be whsec_ .* \(it is not shown here\)$/],
      [{ url: URL, name: 'x'.repeat(256) }, /^name must NOT have more than 255 characters/],
    ] as const) {
      const answer = await post(body);
      const { error, error_code } = answer.json as { error: string; error_code: string };
      assert.deepEqual([answer.status, error_code], [400, 'INVALID_REQUEST'], error);
      assert.match(error, expected);
      assert.ok(!error.includes('sesame') && !error.includes(SECRET.slice(6, 30)), error);
      if ('url' in body && body.url !== '' && !('secret' in body))
        await refused(service.call('PUT', `${WEBHOOKS}/${id}`, body), 400, 'INVALID_REQUEST');
    }
    await refused(post({ secret: 'short' }, `${WEBHOOKS}/${id}/rotate_secret`), 400, 'INVALID_REQUEST');
    await dataOf(service.call('DELETE', `${WEBHOOKS}/${id}`));
  });

  await t.test('a webhook of another datamart is not there, and neither are its deliveries', async () => {
    const { id } = await dataOf<Webhook>(post({ url: URL }, `/v1/datamarts/${otherId}/webhooks`));
    const { value } = await dataOf<{ value: string }>(
      post({ name: 't', role: 'admin', datamart_ids: ['1'] }, '/v1/api_tokens'),
    );
    const own = clientOf(service.baseUrl, value);
    for (const [client, datamartId] of [
      [service, '1'],
      [own, '1'],
      [own, otherId],
    ] as const) {
      const one = `/v1/datamarts/${datamartId}/webhooks/${id}`;
      await missing(client.call('GET', one));
      await missing(client.call('PUT', one, { name: 'mine' }));
      await missing(client.call('POST', `${one}/rotate_secret`));
      await missing(client.call('POST', `${one}/ping`));
      await missing(client.call('GET', `${one}/deliveries`));
      await missing(client.call('DELETE', one));
    }
    await dataOf(service.call('DELETE', `/v1/datamarts/${otherId}/webhooks/${id}`));
  });

  await t.test('a datamart has fifty of them at most', async () => {
    const one = { datamartId: '1', documentImportId: null, name: null, url: URL, events: EVENTS } as const;
    const create = () => service.store.webhooks.create({ ...one, secret: SECRET, creationTs: 0 });
    await Promise.all(Array.from({ length: 49 }, create));
    await dataOf(post({ url: URL }));
    await refused(post({ url: URL }), 409, 'CONFLICT');
    const page = await service.call('GET', `${WEBHOOKS}?first_result=49`);
    assert.deepEqual(
      [(page.json as { total: number; count: number }).total, (page.json as { count: number }).count],
      [50, 1],
    );
  });

  await t.test('the audit log has what was done, and no secret', async () => {
    const log = await service.call('GET', '/v1/audit_log?resource_type=webhook&max_results=1000');
    const entries = (log.json as { data: { action: string; details: object | null }[] }).data;
    const [first, second, third] = entries.reverse();
    assert.deepEqual(first?.details, {
      document_import_id: documentImportId,
      events: EVENTS,
    });
    assert.deepEqual([first?.action, second?.action, third?.action], ['CREATE', 'UPDATE', 'UPDATE']);
    assert.deepEqual(second?.details, { members: ['document_import_id', 'events', 'name'] });
    assert.doesNotMatch(log.text, /whsec|example\.com/);
  });
});
