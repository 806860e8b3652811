import type { ExecutionKind } from '../../model/execution.ts';
import type { ExecutionFilter } from '../execution-records.ts';
import { containing, literal, type SqlValue } from './database.ts';

/**
 * Options are stored as JSON by `JSON.stringify`, and never changed: a member is found by its text.
 */
const IS_DRY_RUN = `coalesce(e.options, '') like '%"dryRun":true%'`;
const IS_REPLACE = `coalesce(e.options, '') like '%"replace":{%'`;

const KINDS: Readonly<Record<ExecutionKind, string>> = {
  DOCUMENT_IMPORT: `(e.job_type = 'DOCUMENT_IMPORT' and e.reverts_execution_id is null)`,
  USER_SEGMENT_IMPORT: `(e.job_type = 'USER_SEGMENT_IMPORT' and e.reverts_execution_id is null)`,
  REVERT: '(e.reverts_execution_id is not null)',
};

/**
 * The conditions that an execution `e` has to meet; `add` takes what stands in them as parameters.
 */
export function conditionsOf(filter: ExecutionFilter, add: (value: SqlValue) => string): readonly string[] {
  const { statuses, kinds, isDryRun, mode, hasFailedLines, userId, fileName } = filter;
  const conditions = [`e.datamart_id = cast(${add(filter.datamartId)} as bigint)`];
  if (filter.documentImportId !== undefined)
    conditions.push(`e.document_import_id = cast(${add(filter.documentImportId)} as bigint)`);
  if (filter.segmentId !== undefined)
    conditions.push(`e.segment_id = cast(${add(filter.segmentId)} as bigint)`);
  if (statuses !== undefined)
    conditions.push(`e.status in (${statuses.map((status) => add(status)).join(', ') || 'null'})`);
  if (kinds !== undefined) conditions.push(`(${kinds.map((kind) => KINDS[kind]).join(' or ') || 'false'})`);
  if (isDryRun !== undefined) conditions.push(isDryRun ? IS_DRY_RUN : `not ${IS_DRY_RUN}`);
  if (mode !== undefined)
    conditions.push(`e.reverts_execution_id is null and ${mode === 'replace' ? '' : 'not '}${IS_REPLACE}`);
  if (hasFailedLines !== undefined) {
    const failed = 'select 1 from execution_checkpoint c where c.execution_id = e.id and c.failures > 0';
    conditions.push(`${hasFailedLines ? '' : 'not '}exists (${failed})`);
  }
  if (userId !== undefined) conditions.push(`e.user_id = ${add(userId)}`);
  if (fileName !== undefined)
    conditions.push(`e.document_name ilike ${add(containing(fileName))} escape '\\'`);
  if (filter.createdFrom !== undefined) conditions.push(`e.creation_date >= ${literal(filter.createdFrom)}`);
  if (filter.createdBefore !== undefined)
    conditions.push(`e.creation_date < ${literal(filter.createdBefore)}`);
  return conditions;
}
