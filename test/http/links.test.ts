import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSegment, dataOf, getSegment, membershipsOf, runFile } from '../client.ts';
import { startService, type TestService } from '../helper.ts';

type Identifier = Readonly<Record<string, unknown>>;

const POINTS = '/v1/datamarts/1/user_points';

function lineOf(identifier: Identifier, segmentId: string, operation = 'UPDATE'): string {
  return `${JSON.stringify({ operation, ...identifier, segment_id: segmentId, expiration_duration: 0 })}\n`;
}

function link(service: TestService, selector: string, body: unknown) {
  return service.call('POST', `${POINTS}/${selector}/user_identifiers`, body);
}

async function refusalOf(answer: ReturnType<typeof link>) {
  const { status, json } = await answer;
  return [status, (json as { error_code?: string }).error_code];
}

test('a user gets one more identifier, by which everything knows them', async (t) => {
  const service = await startService(t);
  const segmentId = await createSegment(service, { name: 'vip', technical_name: 'vip' });
  await runFile(service, 'NDJSON', lineOf({ user_account_id: 'ada' }, segmentId));
  await runFile(service, 'NDJSON', lineOf({ email_hash: 'of-bob' }, segmentId));

  await t.test('it is answered, and again as the first time', async () => {
    const linked = await dataOf<Identifier>(link(service, 'user_account_id=ada', { email_hash: 'of-ada' }));
    assert.equal(linked.type, 'USER_EMAIL');
    assert.equal(linked.hash, 'of-ada');
    const path = '/v1/datamarts/1/user_identifiers/email_hash=of-ada';
    assert.deepEqual(await dataOf(service.call('POST', path, { email_hash: 'of-ada' })), linked);
    await dataOf(service.call('POST', path, { user_account_id: 9007199254740991, compartment_id: 1 }));
    const big = await service.call('POST', path, '{"user_agent_id": 12345678901234567890}', {
      'content-type': 'application/json',
    });
    assert.equal(big.status, 200);
    const marked = await service.call('POST', path, '\ufeff{"user_agent_id": 12345678901234567890}', {
      'content-type': 'application/json',
    });
    assert.equal(marked.status, 200, marked.text);
    const all = await dataOf<readonly Identifier[]>(
      service.call('GET', '/v1/datamarts/1/user_identifiers/user_account_id=ada'),
    );
    assert.deepEqual(
      all
        .map(({ type, user_account_id, hash, vector_id }) => [type, user_account_id ?? hash ?? vector_id])
        .sort(),
      [
        ['USER_ACCOUNT', '9007199254740991'],
        ['USER_ACCOUNT', 'ada'],
        ['USER_AGENT', '12345678901234567890'],
        ['USER_EMAIL', 'of-ada'],
        ['USER_POINT', undefined],
      ],
    );
  });

  await t.test('look-ups, counts and commands know them by it', async () => {
    const [membership] = (await membershipsOf(service, 'email_hash=of-ada')) ?? [];
    assert.equal(membership?.segment_id, segmentId);
    const { user_points_count, emails_count, user_accounts_count } = await getSegment(service, segmentId);
    assert.deepEqual([user_points_count, emails_count, user_accounts_count], [2, 2, 1]);
    await runFile(service, 'NDJSON', lineOf({ email_hash: 'of-ada' }, segmentId, 'DELETE'));
    assert.deepEqual(await membershipsOf(service, 'user_account_id=ada'), []);
    await runFile(
      service,
      'CSV',
      `operation,email_hash,segment_id,expiration_ts\nUPDATE,of-ada,${segmentId},0\n`,
    );
    assert.equal((await membershipsOf(service, 'user_account_id=ada'))?.length, 1);
  });

  await t.test('what belongs to another is refused, and nothing is changed', async () => {
    assert.deepEqual(await refusalOf(link(service, 'user_account_id=ada', { email_hash: 'of-bob' })), [
      409,
      'IDENTIFIER_TAKEN',
    ]);
    assert.deepEqual(await refusalOf(link(service, 'email_hash=of-bob', { user_account_id: 'ada' })), [
      409,
      'IDENTIFIER_TAKEN',
    ]);
    assert.equal((await membershipsOf(service, 'email_hash=of-bob'))?.length, 1);
  });

  await t.test(
    'who is not known is not found, and what is no identifier has the codes of a line',
    async () => {
      assert.deepEqual(await refusalOf(link(service, 'user_account_id=nobody', { email_hash: 'x' })), [
        404,
        'NOT_FOUND',
      ]);
      assert.equal(await membershipsOf(service, 'email_hash=x'), null);
      for (const [body, code] of [
        [{}, 'MISSING_IDENTIFIER'],
        [{ email_hash: ' ' }, 'MISSING_IDENTIFIER'],
        [{ email_hash: 'ada@example.com' }, 'CLEAR_EMAIL'],
        [{ email_hash: 'x', user_agent_id: 'y' }, 'MULTIPLE_IDENTIFIERS'],
        [{ user_account_id: 'x', compartment_id: '77' }, 'UNKNOWN_COMPARTMENT'],
        [{ user_account_id: 'x', compartment_token: 'none' }, 'UNKNOWN_COMPARTMENT'],
        [{ user_agent_id: 1.5 }, 'INVALID_TYPE'],
        [{ user_agent_id: ['x'] }, 'INVALID_TYPE'],
        [[], 'INVALID_REQUEST'],
      ] as const)
        assert.deepEqual(
          await refusalOf(link(service, 'user_account_id=ada', body)),
          [400, code],
          JSON.stringify(body),
        );
      assert.deepEqual(
        await refusalOf(service.call('POST', `${POINTS}/user_account_id=ada/user_segments`, {})),
        [404, 'NOT_FOUND'],
      );
    },
  );

  await t.test('links at once make one owner', async () => {
    const answers = await Promise.all(
      ['user_account_id=ada', 'email_hash=of-bob', 'user_account_id=ada', 'email_hash=of-bob'].map((user) =>
        link(service, user, { user_agent_id: 'raced' }),
      ),
    );
    const statuses = answers.map(({ status }) => status);
    assert.deepEqual([...statuses].sort(), [200, 200, 409, 409]);
    assert.deepEqual(statuses[0], statuses[2]);
  });

  await t.test('the audit log says that it was done, and of nobody', async () => {
    const entries = await dataOf<readonly Identifier[]>(service.call('GET', '/v1/audit_log?action=LINK'));
    assert.equal(entries.length, 4);
    assert.deepEqual(entries.at(-1)?.details, { identifier_type: 'USER_EMAIL' });
    // the ids of requests are left out: three of their hex digits may be a name by chance
    const told = entries.map((entry) => ({ ...entry, request_id: null }));
    assert.doesNotMatch(JSON.stringify(told), /ada|[0-9a-f]{8}-0000/);
  });

  await t.test('an erasure takes all of it', async () => {
    await dataOf(service.call('DELETE', `${POINTS}/email_hash=of-ada`));
    for (const selector of ['user_account_id=ada', 'email_hash=of-ada', 'user_agent_id=12345678901234567890'])
      assert.equal(await membershipsOf(service, selector), null, selector);
  });
});
