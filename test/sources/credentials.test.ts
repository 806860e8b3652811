import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { isOfPresentKey, readKey, seal, unseal } from '../../src/sources/credentials.ts';

const KEYS = { key: randomBytes(32).toString('base64'), keyBefore: null };
const SECRET = { user: 'u', password: 'pässword' };

test('credentials come back under their key, for their import, and not otherwise', () => {
  const sealed = seal(SECRET, '7', KEYS);
  assert.doesNotMatch(sealed, /ssword/);
  assert.notEqual(sealed, seal(SECRET, '7', KEYS), 'each time another nonce');
  assert.deepEqual(unseal(sealed, '7', KEYS), SECRET);
  assert.throws(() => unseal(sealed, '8', KEYS), { name: 'SourceError', message: /cannot be decrypted/ });
  const [version, name, nonce, text = ''] = sealed.split('.');
  const changed = [version, name, nonce, (text.startsWith('A') ? 'B' : 'A') + text.slice(1)].join('.');
  assert.throws(() => unseal(changed, '7', KEYS), { name: 'SourceError', message: /cannot be decrypted/ });
  const short = [version, name, nonce, text.slice(0, 8)].join('.');
  assert.throws(() => unseal(short, '7', KEYS), { name: 'SourceError' });
});

test('the key before opens what it closed, and no key closes nothing', () => {
  const sealed = seal(SECRET, '7', KEYS);
  const next = { key: randomBytes(32).toString('hex'), keyBefore: KEYS.key };
  assert.deepEqual(unseal(sealed, '7', next), SECRET);
  assert.deepEqual([isOfPresentKey(sealed, KEYS), isOfPresentKey(sealed, next)], [true, false]);
  assert.throws(() => unseal(sealed, '7', { ...next, keyBefore: null }), {
    message: /a key that this service does not have/,
  });
  assert.throws(() => seal(SECRET, '7', { key: null, keyBefore: KEYS.key }), { message: /sourceKey/ });
});

test('a key is 32 bytes, in either writing', () => {
  const bytes = randomBytes(32);
  for (const text of [
    bytes.toString('hex'),
    bytes.toString('base64'),
    bytes.toString('base64').replace('=', ''),
  ])
    assert.deepEqual(readKey(text), bytes);
  for (const text of [
    '',
    'short',
    randomBytes(31).toString('base64'),
    randomBytes(33).toString('base64'),
    'x'.repeat(64),
  ])
    assert.equal(readKey(text), null);
});
