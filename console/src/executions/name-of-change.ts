import type { ExecutionChanges } from '../api/types.ts';
import { t } from '../texts/texts.ts';

/** What is shown of the file of an execution that changed a segment; a revert has none. */
export function nameOfChange(of: ExecutionChanges): string {
  return of.reverts_execution_id === null
    ? t.executions.file(of.execution_id ?? '', of.input_file_name ?? '')
    : t.executions.revertOf(of.execution_id ?? '', of.reverts_execution_id);
}
