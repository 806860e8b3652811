import { hash } from 'node:crypto';
import { type Identifier, KIND_BIT, type UuidHalves } from './identifier.ts';

const VERSION_MASK = 0xffff_ffff_ffff_0fffn;
const VERSION_8 = 0x8000n;
const VARIANT_MASK = 0x3fff_ffff_ffff_ffffn;
const VARIANT_RFC = 0x8000_0000_0000_0000n;

/**
 * The key of an identifier, which is also the id of the user point that a new identifier creates:
 * the first 128 bits of SHA-256 over `datamart:kind:compartment:value` (unambiguous, since only the
 * last part is free text), shown as a version 8 UUID (RFC 9562 §5.8). A cryptographic hash, because
 * two identifiers that collide would be one user: with 122 bits of SHA-256 a sender cannot bring
 * that about, with MD5 or a 64-bit hash he can.
 *
 * `import/parse/user-keys.ts` makes the keys of the rows of a file; a test holds the two together.
 */
export function userKey(datamartId: string, identifier: Identifier): UuidHalves {
  const text = `${datamartId}:${KIND_BIT[identifier.kind]}:${identifier.compartmentId}:${identifier.value}`;
  // half of the CPU of a Hash object
  const digest = hash('sha256', text, 'buffer');
  return {
    hi: (digest.readBigUInt64BE(0) & VERSION_MASK) | VERSION_8,
    lo: (digest.readBigUInt64BE(8) & VARIANT_MASK) | VARIANT_RFC,
  };
}
