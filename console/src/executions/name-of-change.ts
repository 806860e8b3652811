import type { ExecutionChanges } from '../api/types.ts';
import { t } from '../texts/texts.ts';

/** What is shown of the file of an execution that changed a segment; a revert has none. */
export function fileOfChange(of: ExecutionChanges): string {
  return of.reverts_execution_id === null
    ? (of.input_file_name ?? '')
    : t.executions.revertOf(of.reverts_execution_id);
}

/** The same with the number of the execution, in one text. */
export function nameOfChange(of: ExecutionChanges): string {
  return `${fileOfChange(of)} #${of.execution_id ?? ''}`;
}
