import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Credentials } from '../model/source.ts';
import { SourceError } from './source-error.ts';

/**
 * The keys that credentials are encrypted with: the present one, and the one before while they are
 * brought over.
 */
export type SourceKeys = { readonly key: string | null; readonly keyBefore: string | null };

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * The 32 bytes that a text stands for in base64 or hexadecimal digits; null where it is neither.
 */
export function readKey(text: string): Buffer | null {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  const bytes = Buffer.from(text, 'base64');
  const isWhole = bytes.toString('base64').replaceAll('=', '') === text.replaceAll('=', '');
  return isWhole && bytes.length === KEY_BYTES ? bytes : null;
}

/** Tells keys apart, and nothing about them. */
function nameOf(key: Buffer): string {
  return createHash('sha256').update('muster source key').update(key).digest('hex').slice(0, 8);
}

function keysOf({ key, keyBefore }: SourceKeys): Buffer[] {
  return [key, keyBefore]
    .flatMap((text) => (text === null ? [] : [readKey(text)]))
    .filter((one) => one !== null);
}

/**
 * Encrypts credentials, as `v1.KEY.NONCE.TEXT`. They are bound to the import that they are of, so
 * that they cannot be moved to another in the store.
 *
 * @throws SourceError where there is no key
 */
export function seal(credentials: Credentials, documentImportId: string, keys: SourceKeys): string {
  const [key] = keysOf({ ...keys, keyBefore: null });
  if (key === undefined) {
    throw new SourceError(
      'credentials are kept encrypted, and this service has no key for that: its configuration must have sourceKey, such as of "openssl rand -base64 32"',
    );
  }
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(`source of import ${documentImportId}`));
  const text = Buffer.concat([cipher.update(JSON.stringify(credentials), 'utf8'), cipher.final()]);
  const sealed = Buffer.concat([text, cipher.getAuthTag()]);
  return ['v1', nameOf(key), nonce.toString('base64url'), sealed.toString('base64url')].join('.');
}

/**
 * Decrypts what `seal` gave.
 *
 * @throws SourceError where its key is not among these
 */
export function unseal(sealed: string, documentImportId: string, keys: SourceKeys): Credentials {
  const [version, name, nonce = '', content = ''] = sealed.split('.');
  const key = keysOf(keys).find((one) => nameOf(one) === name);
  if (version !== 'v1' || key === undefined) {
    throw new SourceError(
      'the credentials are encrypted with a key that this service does not have: name it as sourceKey or sourceKeyBefore, or give the credentials again',
    );
  }
  const bytes = Buffer.from(content, 'base64url');
  const at = bytes.length - TAG_BYTES;
  try {
    const decipher = createDecipheriv(CIPHER, key, Buffer.from(nonce, 'base64url'), {
      authTagLength: TAG_BYTES,
    });
    decipher.setAAD(Buffer.from(`source of import ${documentImportId}`));
    decipher.setAuthTag(bytes.subarray(at));
    const text = Buffer.concat([decipher.update(bytes.subarray(0, at)), decipher.final()]);
    return JSON.parse(text.toString('utf8')) as Credentials;
  } catch (cause) {
    throw new SourceError('the credentials cannot be decrypted: they were changed, give them again', {
      cause,
    });
  }
}

/** Whether it is encrypted with the present key. */
export function isOfPresentKey(sealed: string, keys: SourceKeys): boolean {
  const [key] = keysOf({ ...keys, keyBefore: null });
  return key !== undefined && sealed.split('.')[1] === nameOf(key);
}
