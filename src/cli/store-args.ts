import { readConfig } from '../config.ts';
import { UsageError } from './failures.ts';

/**
 * The PostgreSQL that a command works with itself: by flag, environment or file, as `muster serve`
 * takes it.
 */
export const STORE_ARG = {
  store: {
    type: 'string',
    valueHint: 'URL',
    description: 'PostgreSQL URL, such as postgres://USER@HOST:5432/DATABASE\nMUSTER_STORE',
  },
} as const;

/** What such a command needs of the settings. */
export function storeSettings(args: { readonly store?: string | undefined }) {
  const config = readConfig(args.store === undefined ? {} : { store: args.store });
  if (config.store === null)
    throw new UsageError('expected a PostgreSQL URL in --store or MUSTER_STORE, got none');
  return { url: config.store, memoryBytes: config.databaseMemory, threads: config.databaseThreads };
}
