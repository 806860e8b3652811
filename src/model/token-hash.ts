import { hash, timingSafeEqual } from 'node:crypto';

/** SHA-256 of a token's value, hex: what is stored of it. */
export function hashToken(value: string): string {
  return hash('sha256', value);
}

/** How much of a hash tokens are looked up by; the rest is compared by `isSameHash`. */
export const HASH_PREFIX = 16;

/** Whether two hashes of tokens are the same, in a time that does not tell how much of them is. */
export function isSameHash(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
