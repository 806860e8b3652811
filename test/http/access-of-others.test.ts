import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteAccess } from '../../src/http/types.ts';
import { type Client, clientOf, createSegment, dataOf } from '../client.ts';
import { startService } from '../helper.ts';
import { makeToken, openWorld, REQUESTS, type World } from './access-world.ts';
import { missing } from './refusals.ts';

/**
 * Stands in every name, token and identifier of datamart 1; no answer to another datamart's token
 * may hold it.
 */
const MARK = 'of-datamart-one';
const COMPARTMENTS = '/v1/user_account_compartments';

type Compartment = { readonly id: string; readonly name: string; readonly token: string };

test('a token of another datamart is shown nothing of this one, whichever way it asks', async (t) => {
  const service = await startService(t);
  const world = await openWorld(service);
  await markDatamart(world);
  const other = await ofAnother(world);
  let asked = 0;
  for (const route of service.routes) {
    const prepare = REQUESTS[`${route.method} ${route.url}`];
    if (route.role === null || prepare === undefined) continue;
    const { path, body, type } = await prepare(world);
    for (const way of [path, ...underOwnDatamart(world, { route, path })]) {
      asked++;
      const headers = type === undefined ? {} : { 'content-type': type };
      const { status, text } = await other.call(route.method, way, body, headers);
      assert.ok(!text.includes(MARK), `${route.method} ${way} shows ${text.slice(0, 300)}`);
      // what is below an id of the other datamart is not there, under the own datamart's path
      // either
      if (isBelowAnId(route) && way !== path)
        assert.ok(
          status === 404 || status === 403,
          `${status} for ${route.method} ${way}: ${text.slice(0, 200)}`,
        );
    }
  }
  assert.ok(asked > 100, `${asked} requests`);
});

/** Names and tokens of what the first datamart has. */
async function markDatamart({ service, importId, segmentId, webhookId }: World): Promise<void> {
  const change = (path: string, body: object) => dataOf(service.call('PUT', path, body));
  await change('/v1/datamarts/1', { name: MARK, token: `${MARK}-datamart` });
  await change(`${COMPARTMENTS}/1`, { name: MARK, token: `${MARK}-compartment` });
  await change(`/v1/datamarts/1/document_imports/${importId}`, { name: MARK });
  await change(`/v1/audience_segments/${segmentId}`, { name: MARK, technical_name: MARK });
  await change(`/v1/datamarts/1/webhooks/${webhookId}`, { name: MARK });
  await createSegment(service, { name: `${MARK} again` });
}

/** An admin for the other datamart, which uses a compartment of its own. */
async function ofAnother(world: World): Promise<Client> {
  const value = await makeToken(world, { role: 'admin', datamartIds: [world.otherDatamartId] });
  return clientOf(world.service.baseUrl, value);
}

/** The same path with the caller's own datamart before the ids of the other. */
function underOwnDatamart(
  { otherDatamartId }: World,
  { route, path }: { readonly route: RouteAccess; readonly path: string },
): readonly string[] {
  return route.url.includes('/:datamartId')
    ? [path.replace('/datamarts/1', `/datamarts/${otherDatamartId}`)]
    : [];
}

function isBelowAnId({ url }: RouteAccess): boolean {
  return /:datamartId\/.*:/.test(url);
}

test('a token for some datamarts sees the compartments that they use, and selects no other', async (t) => {
  const service = await startService(t);
  const world = await openWorld(service);
  const create = (name: string) =>
    dataOf<Compartment>(service.call('POST', COMPARTMENTS, { name, token: `token-${name}` }));
  const [shared, ofOne, ofNone] = [await create('shared'), await create('of one'), await create('of none')];
  const { otherDatamartId } = world;
  for (const [datamart, { id }] of [
    ['1', shared],
    [otherDatamartId, shared],
    ['1', ofOne],
  ] as const)
    await dataOf(service.call('POST', `/v1/datamarts/${datamart}/compartments`, { compartment_id: id }));

  const other = await ofAnother(world);
  const both = clientOf(
    service.baseUrl,
    await makeToken(world, { role: 'reader', datamartIds: ['1', otherDatamartId] }),
  );
  const namesOf = async (client: Client, query = '') =>
    (await dataOf<Compartment[]>(client.call('GET', `${COMPARTMENTS}${query}`))).map(({ name }) => name);
  assert.deepEqual(await namesOf(other), ['other', 'shared']);
  assert.deepEqual(await namesOf(other, '?organisation_id=1'), ['other', 'shared']);
  assert.equal((await namesOf(both)).length, 4);
  assert.equal((await namesOf(service)).length, 5);
  const { json } = await other.call('GET', `${COMPARTMENTS}?max_results=1`);
  assert.equal((json as { total: number }).total, 2, 'the total counts what is shown');

  await dataOf(other.call('GET', `${COMPARTMENTS}/${shared.id}`));
  const selections = `/v1/datamarts/${otherDatamartId}/compartments`;
  for (const { id } of [ofOne, ofNone]) {
    await missing(other.call('GET', `${COMPARTMENTS}/${id}`));
    for (const method of ['POST', 'PUT'])
      await missing(other.call(method, selections, { compartment_id: id }));
  }
  await dataOf(other.call('POST', selections, { compartment_id: shared.id, default: true }));
  await missing(other.call('GET', `${COMPARTMENTS}?organisation_id=2`));
});
