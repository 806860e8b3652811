import { getExecution } from '../records/execution-rows.ts';
import { findRevertible } from '../records/reverts.ts';
import type { Store } from '../store.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import { EVERYWHERE, stageReverted } from './revert-part.ts';

/** `Store.previewRevert`: what the revert itself would find is staged, counted, and rolled back. */
export function previewRevert(
  db: PostgresDatabase,
  { executionId, now }: Parameters<Store['previewRevert']>[0],
): ReturnType<Store['previewRevert']> {
  return db.merge(
    // nothing is written, so that no merge has to wait for it: the lock is of no datamart
    '0',
    async (sql) => {
      const revertible = await findRevertible(sql, executionId, getExecution);
      if (revertible === null || typeof revertible === 'string') return revertible;
      const slot = await stageReverted(sql, { reverted: executionId, startDate: now }, EVERYWHERE);
      const rows = await sql.query(
        `select segment_id,
           count(*) filter (where puts_in and not was_in) as created,
           count(*) filter (where puts_in and was_in) as updated,
           count(*) filter (where not puts_in and was_in) as deleted,
           count(*) filter (where not puts_in and not was_in and not is_kept) as unchanged,
           count(*) filter (where is_kept) as kept
         from staged_revert_${slot} group by segment_id order by segment_id`,
      );
      return rows.map((row) => ({
        segmentId: String(row.segment_id),
        created: Number(row.created),
        updated: Number(row.updated),
        deleted: Number(row.deleted),
        unchanged: Number(row.unchanged),
        kept: Number(row.kept),
      }));
    },
    'COUNT',
  );
}
