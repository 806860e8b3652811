import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientOf, dataOf } from '../client.ts';
import { startService } from '../helper.ts';
import { refused } from './refusals.ts';

type Token = {
  readonly id: string;
  readonly value: string;
  readonly role: string;
  readonly datamart_ids: readonly string[] | null;
  readonly expiration_date: number | null;
};

const TOKENS = '/v1/api_tokens';
const JSON_TYPE = { 'content-type': 'application/json' };

test('a token is for what its creation says, and nothing is read as all datamarts or as never', async (t) => {
  const service = await startService(t);
  const whole = { name: 'n', role: 'reader', datamart_ids: ['1'] };
  const { datamart_ids: _, ...unsaid } = whole;
  const refusals: readonly (readonly [unknown, string])[] = [
    [unsaid, 'datamart_ids is required'],
    [{ ...whole, datamart_ids: '' }, 'datamart_ids must be an array or null, got ""'],
    [{ ...whole, datamart_ids: '1' }, 'datamart_ids must be an array or null, got "1"'],
    [{ ...whole, datamart_ids: 0 }, 'datamart_ids must be an array or null, got 0'],
    [{ ...whole, datamart_ids: false }, 'datamart_ids must be an array or null, got false'],
    [{ ...whole, datamart_ids: {} }, 'datamart_ids must be an array or null, got {}'],
    [{ ...whole, datamart_ids: [] }, 'datamart_ids must NOT have fewer than 1 items or null, got []'],
    [{ ...whole, datamart_ids: [null] }, 'datamart_ids.0 must be an id: a decimal number, got ""'],
    [{ ...whole, datamart_ids: [''] }, 'datamart_ids.0 must be an id: a decimal number, got ""'],
    [{ ...whole, expiration_date: '' }, 'expiration_date must be a whole number or null, got ""'],
    [{ ...whole, expiration_date: 'never' }, 'expiration_date must be a whole number, got "never"'],
    [{ ...unsaid, datamart_id: '1', datamart_ids: null }, '"datamart_id" is not a member of this request'],
    [{ ...whole, datamarts: ['1'] }, '"datamarts" is not a member of this request'],
    [{ ...whole, expires_at: 1 }, '"expires_at" is not a member of this request'],
    [{ ...whole, role: '' }, 'role must be one of reader, editor, admin, got ""'],
  ];
  for (const [body, message] of refusals) {
    const text = await refused(service.call('POST', TOKENS, body), 400, 'INVALID_REQUEST');
    assert.ok(text.startsWith(message), `${JSON.stringify(body)}: ${text}`);
  }
  for (const body of ['', '[]', 'null', '"reader"'])
    await refused(service.call('POST', TOKENS, body, JSON_TYPE), 400, 'INVALID_REQUEST');
  const tokens = await dataOf<Token[]>(service.call('GET', TOKENS));
  assert.equal(tokens.length, 1, 'nothing was created by what was refused');
});

test('null says all datamarts, and never', async (t) => {
  const service = await startService(t);
  const create = (body: object) => dataOf<Token>(service.call('POST', TOKENS, { name: 'n', ...body }));
  const all = await create({ role: 'editor', datamart_ids: null, expiration_date: null });
  assert.deepEqual([all.datamart_ids, all.expiration_date], [null, null]);
  const expiry = Date.now() + 60_000;
  // numbers are taken for ids everywhere, and digits for instants
  const one = await create({ role: 'admin', datamart_ids: [1], expiration_date: String(expiry) });
  assert.deepEqual([one.datamart_ids, one.expiration_date], [['1'], expiry]);
});

test('the last admin token for all datamarts stays', async (t) => {
  const service = await startService(t);
  const create = (body: object) =>
    dataOf<Token>(service.call('POST', TOKENS, { name: 'n', role: 'admin', datamart_ids: null, ...body }));
  const [preset] = await dataOf<Token[]>(service.call('GET', TOKENS));
  assert.ok(preset);
  // none of these can make another
  await create({ role: 'editor' });
  await create({ datamart_ids: ['1'] });
  const message = await refused(service.call('DELETE', `${TOKENS}/${preset.id}`), 409, 'CONFLICT');
  assert.match(message, /create another one first/);
  await dataOf(service.call('GET', TOKENS));

  const second = await create({});
  await dataOf(service.call('DELETE', `${TOKENS}/${preset.id}`));
  await refused(service.call('GET', TOKENS), 401, 'UNAUTHORIZED');
  await refused(
    clientOf(service.baseUrl, second.value).call('DELETE', `${TOKENS}/${second.id}`),
    409,
    'CONFLICT',
  );
});

test('an admin that will expire is not the one that stays', async (t) => {
  const service = await startService(t);
  const [preset] = await dataOf<Token[]>(service.call('GET', TOKENS));
  const expiring = await dataOf<Token>(
    service.call('POST', TOKENS, {
      ...{ name: 'n', role: 'admin', datamart_ids: null },
      expiration_date: Date.now() + 3_600_000,
    }),
  );
  const brief = clientOf(service.baseUrl, expiring.value);
  await refused(brief.call('DELETE', `${TOKENS}/${preset?.id}`), 409, 'CONFLICT');
  await dataOf(service.call('DELETE', `${TOKENS}/${expiring.id}`));
});
