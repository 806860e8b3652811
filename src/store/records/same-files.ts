import { literal, type Sql } from './database.ts';

/** `ExecutionRecords.sameFiles`. */
export async function findSameFiles(sql: Sql, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map();
  const rows = await sql.query(
    `select e.id, max(o.id) as earlier_id
     from execution e join execution o
       on o.document_sha256 = e.document_sha256 and o.id < e.id and o.datamart_id = e.datamart_id
       and (o.document_import_id = e.document_import_id or o.segment_id = e.segment_id)
     where e.id in (${ids.map(literal).join(', ')}) and o.status not in ('FAILED', 'CANCELED')
       and o.reverts_execution_id is null and o.reverted_by_execution_id is null
       and coalesce(o.options, '') not like '%"dryRun":true%'
     group by e.id`,
  );
  return new Map(rows.map((row) => [String(row.id), String(row.earlier_id)]));
}
