import { StoreUnusableError } from '../errors.ts';

/** The schema version that an embedded store, and so a backup, has at least. */
export const OLDEST_EMBEDDED_SCHEMA = 15;
/** The same of a store on PostgreSQL. */
export const OLDEST_POSTGRES_SCHEMA = 13;

/**
 * Throws for a store of a schema version before `oldest`, that of the first release: what came
 * before it were steps of the development, which nobody upgrades from. 0: there is no schema yet.
 */
export function requireReleased(version: number, oldest: number): void {
  if (version > 0 && version < oldest) throw new StoreUnusableError(unreleasedText('store', version, oldest));
}

/** What is said of a store or a backup of such a version. */
export function unreleasedText(what: 'store' | 'backup', version: number, oldest: number): string {
  return `the ${what} has schema version ${version}, this Muster opens ${oldest} and later: it was written before the first release. Export its segments with the Muster that wrote it, and import the files into a fresh store`;
}
