/**
 * Advisory locks of transactions, so that they can be had through a pooler. WRITE: small
 * transactions come one after the other, on all nodes, as they do in the embedded store. MERGES:
 * shared by merges, exclusive for those that must be alone. A merge has one more, DATAMART with the
 * datamart's id: no two change the same memberships.
 */
const LOCK = { WRITE: 1, MERGES: 2, DATAMART: 3 } as const;
/**
 * The first half of the keys of Muster's advisory locks, so that they are not those of others in
 * the same database.
 */
const LOCK_SPACE = 0x4d75;

export const LOCK_WRITE = `select pg_advisory_xact_lock(${LOCK_SPACE}, ${LOCK.WRITE})`;
export const LOCK_MERGES = `select pg_advisory_xact_lock(${LOCK_SPACE}, ${LOCK.MERGES})`;

/** The locks of a merge. */
export function lockMerge(datamartId: string): string {
  return `select pg_advisory_xact_lock_shared(${LOCK_SPACE}, ${LOCK.MERGES}); select ${lockOf(LOCK.DATAMART, datamartId)}`;
}

/** The lock of one of many things. Ids beyond 2^44 would meet others; there are no such ids. */
function lockOf(which: number, id: string): string {
  return `pg_advisory_xact_lock((${LOCK_SPACE}::bigint << 48) | (${which}::bigint << 44) | ${BigInt(id) & 0xfff_ffff_ffffn})`;
}
