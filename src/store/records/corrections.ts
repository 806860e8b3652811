import type { Correction, ExecutionStatus } from '../../model/execution.ts';
import { literal, numberOrNull, type Sql } from './database.ts';

/** How many are listed of one execution. */
const MAX_CORRECTIONS = 100;

/** `ExecutionRecords.listCorrections`. */
export async function listCorrections(
  sql: Sql,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly Correction[]>> {
  if (ids.length === 0) return new Map();
  const rows = await sql.query(
    `select id, corrects_execution_id, status, repaired_lines
     from (
       select e.*, row_number() over (partition by e.corrects_execution_id order by e.id desc) as place
       from execution e
       where e.corrects_execution_id in (${ids.map(literal).join(', ')})
         and e.reverted_by_execution_id is null and coalesce(e.options, '') not like '%"dryRun":true%'
     ) e
     where place <= ${MAX_CORRECTIONS} order by id`,
  );
  const corrections = new Map<string, Correction[]>();
  for (const row of rows) {
    const corrected = String(row.corrects_execution_id);
    const correction = {
      executionId: String(row.id),
      status: String(row.status) as ExecutionStatus,
      repaired: numberOrNull(row.repaired_lines),
    };
    const of = corrections.get(corrected);
    if (of) of.push(correction);
    else corrections.set(corrected, [correction]);
  }
  return corrections;
}
