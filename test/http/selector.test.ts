import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSelector, selectorText } from '../../src/http/users/selector.ts';
import { formatUuid } from '../../src/model/identifier.ts';

const UUID = 'c430bfb1-34e1-8ca5-9a60-cda030047e3d';

function read(text: string): string {
  const selector = parseSelector(text);
  if (selector.by === 'user_point_id') return formatUuid(selector.userPointId);
  if (selector.by === 'account_in_default_compartment') return `default account ${selector.userAccountId}`;
  const { kind, compartmentId, value } = selector.identifier;
  return `${kind} ${compartmentId} ${value}`;
}

const selectors: readonly [string, string][] = [
  [UUID, UUID],
  [UUID.toUpperCase(), UUID],
  [`user_point_id=${UUID}`, UUID],
  ['user_account_id=a', 'default account a'],
  ['user_account_id=a%2Fb%2C%3D%20ü', 'default account a/b,= ü'],
  ['user_account_id=a,b/c=d', 'default account a,b/c=d'],
  ['user_account_id=a+b', 'default account a+b'],
  ['compartment_id=7,user_account_id=a', 'USER_ACCOUNT 7 a'],
  ['compartment_id=7/user_account_id=a', 'USER_ACCOUNT 7 a'],
  ['compartment_id=7/user_account_id=a/b,c', 'USER_ACCOUNT 7 a/b,c'],
  ['compartment_id=007,user_account_id=a', 'USER_ACCOUNT 7 a'],
  ['user_account_id=a,compartment_id=7', 'USER_ACCOUNT 7 a'],
  ['user_account_id=a%2Ccompartment_id%3D7', 'default account a,compartment_id=7'],
  ['email_hash=AbC', 'USER_EMAIL 0 AbC'],
  ['email_hash=YQ==', 'USER_EMAIL 0 YQ=='],
  ['user_agent_id=vec:123:x', 'USER_AGENT 0 vec:123:x'],
  ['user_agent_id=vec%3A123', 'USER_AGENT 0 vec:123'],
];
for (const [text, expected] of selectors) {
  test(`reads ${text}`, () => assert.equal(read(text), expected));
}

const refused = [
  '',
  'x',
  'user_account_id=',
  'email_hash=',
  'user_point_id=1',
  'name=a',
  'email_hash=%ff',
  'email_hash=%',
];
for (const text of [
  ...refused,
  'compartment_id=1',
  'compartment_id=x,user_account_id=a',
  'compartment_id=,user_account_id=a',
]) {
  test(`refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseSelector(text), { code: 'INVALID_SELECTOR' });
  });
}

test('takes the selector from the raw URL, without its query', () => {
  const raw = '/v1/datamarts/1/user_segments/user_account_id=a%2Fuser_segments%2Fb?max_results=1#x';
  assert.equal(selectorText(raw, 'user_segments'), 'user_account_id=a%2Fuser_segments%2Fb');
  assert.equal(
    selectorText('http://host/v1/datamarts/1/user_points/x/user_segments', 'user_points'),
    'x/user_segments',
  );
  assert.equal(selectorText('/v1/datamarts/1', 'user_points'), '');
});
