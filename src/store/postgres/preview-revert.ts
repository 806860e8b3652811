import { findRevertible } from '../records/reverts.ts';
import type { Store } from '../store.ts';
import { EVERYWHERE, revertedText } from './merge-pairs.ts';
import type { PostgresDatabase } from './postgres-database.ts';

/** `Store.previewRevert`: what the revert itself would find is counted where it is. */
export function previewRevert(
  db: PostgresDatabase,
  { executionId, now }: Parameters<Store['previewRevert']>[0],
): ReturnType<Store['previewRevert']> {
  return db.atOneMoment(async (sql) => {
    const revertible = await findRevertible(sql, executionId);
    if (revertible === null || typeof revertible === 'string') return revertible;
    const found = await revertedText(sql, { reverted: executionId, startDate: now, range: EVERYWHERE });
    const rows = await sql.query(
      `select segment_id,
         count(*) filter (where puts_in and not was_in) as created,
         count(*) filter (where puts_in and was_in) as updated,
         count(*) filter (where not puts_in and was_in) as deleted,
         count(*) filter (where not puts_in and not was_in and not is_kept) as unchanged,
         count(*) filter (where is_kept) as kept
       from (${found}) reverted group by segment_id order by segment_id`,
    );
    return rows.map((row) => ({
      segmentId: String(row.segment_id),
      created: Number(row.created),
      updated: Number(row.updated),
      deleted: Number(row.deleted),
      unchanged: Number(row.unchanged),
      kept: Number(row.kept),
    }));
  });
}
