import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { type Config, ConfigError } from '../config.ts';

export type Certificate = { readonly cert: Buffer; readonly key: Buffer };

/**
 * Reads the certificate and key of the configuration; null where there are none.
 *
 * @throws ConfigError when they cannot be read, or do not belong together
 */
export function readCertificate({ tlsCert, tlsKey }: Pick<Config, 'tlsCert' | 'tlsKey'>): Certificate | null {
  if (tlsCert === null || tlsKey === null) return null;
  try {
    const certificate = { cert: readFileSync(tlsCert), key: readFileSync(tlsKey) };
    createSecureContext(certificate);
    return certificate;
  } catch (error) {
    throw new ConfigError(`tlsCert, tlsKey: cannot be used: ${(error as Error).message}`, { cause: error });
  }
}
