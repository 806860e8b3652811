import type { Execution } from '../api/types.ts';
import { t } from '../texts/texts.ts';

/** What is shown of the file of an execution; a revert has none. */
export function fileNameOf({ job_type, reverts_execution_id, result }: Execution): string {
  return job_type === 'REVERT' ? t.executions.revertOf(reverts_execution_id ?? '') : result.input_file_name;
}

/**
 * The name of an execution in a line of its own: of its file the end is cut off where it is too
 * long, of its number nothing.
 */
export function RunName({ execution }: { readonly execution: Execution }) {
  return <NumberedName name={fileNameOf(execution)} id={execution.id} />;
}

/** A file and the number of its run, which tells apart what has the same name. */
export function NumberedName({ name, id }: { readonly name: string; readonly id: string }) {
  return (
    <span className="run-name">
      <span>{name}</span> <span>{`#${id}`}</span>
    </span>
  );
}
