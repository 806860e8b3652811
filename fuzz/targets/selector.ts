import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ServiceError } from '../../src/errors.ts';
import { parseSelector, type RequestedUser, selectorText } from '../../src/http/users/selector.ts';
import { pure, quickly } from '../target.ts';

const MOST_MS = 200;
const value = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 60 })
  .filter((text) => text.isWellFormed() && !text.includes('\0'));
const piece = fc.oneof(
  fc.constantFrom('user_account_id', 'compartment_id', 'email_hash', 'user_agent_id', 'user_point_id'),
  fc.constantFrom(
    '=',
    ',',
    '/',
    '%',
    '%2',
    '%2c',
    '%2F',
    '%3d',
    '%25',
    '%ff',
    '%ed%a0%80',
    '?',
    '#',
    '1',
    '\n',
  ),
  fc.constantFrom('c430bfb1-34e1-8ca5-9a60-cda030047e3d', '/user_segments/', '/datamarts/1/'),
  fc.string({ unit: 'binary', maxLength: 10 }),
);
const any = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));

/** The user that a selector is for; null when it is refused as it should be. */
function readOrRefuse(text: string): RequestedUser | null {
  try {
    return parseSelector(text);
  } catch (error) {
    assert.ok(error instanceof ServiceError && error.code === 'INVALID_SELECTOR', String(error));
    assert.ok(error.message.length < 500, 'a refusal does not repeat all it was sent');
    return null;
  }
}

/** Selectors of users in URLs. */
export const selector = pure(
  fc.property(any, fc.constantFrom('user_segments', 'user_identifiers', 'user_points'), (text, family) => {
    quickly(MOST_MS, () => {
      readOrRefuse(text);
      readOrRefuse(selectorText(`/v1/datamarts/1/${family}/${text}`, family));
    });
  }),
  fc.property(any, fc.integer({ min: 100, max: 2_000 }), (text, times) => {
    quickly(MOST_MS, () => void readOrRefuse(text.repeat(times).slice(0, 16_000)));
  }),
  fc.property(value, fc.nat(1e9), (text, compartment) => {
    const encoded = encodeURIComponent(text);
    const account = readOrRefuse(`user_account_id=${encoded}`);
    assert.deepEqual(account, { by: 'account_in_default_compartment', userAccountId: text });
    for (const [name, kind] of [
      ['email_hash', 'USER_EMAIL'],
      ['user_agent_id', 'USER_AGENT'],
    ]) {
      const user = readOrRefuse(`${name}=${encoded}`);
      assert.ok(user?.by === 'identifier');
      assert.deepEqual([user.identifier.kind, user.identifier.value], [kind, text]);
    }
    for (const between of [',', '/']) {
      const user = readOrRefuse(`compartment_id=${compartment}${between}user_account_id=${encoded}`);
      const identifier = { kind: 'USER_ACCOUNT', compartmentId: String(compartment), value: text };
      assert.deepEqual(user, { by: 'identifier', identifier });
    }
  }),
);
