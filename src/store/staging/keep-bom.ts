import { textDecoder } from '@duckdb/node-api/lib/vectors/dataAccessors.js';

/**
 * Lets the driver give back a text that begins with U+FEFF as it was stored. Its decoder takes that
 * for a byte order mark and leaves it out: an account id would be shown as another one, and a
 * technical name be taken for another segment's.
 */
export function keepBom(): void {
  const exact = new TextDecoder('utf-8', { ignoreBOM: true });
  textDecoder.decode = (bytes: Uint8Array) => exact.decode(bytes);
}
