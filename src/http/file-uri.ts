import type { DocumentFile } from '../documents/documents.ts';
import type { Execution } from '../model/execution.ts';

/** Names a file of an execution to clients. It carries ids and never a path, so that there is no path to forge. */
export function fileUri(execution: Execution, file: DocumentFile): string {
  const { organisationId, datamartId, id } = execution;
  return `mics://data_file/tenants/${organisationId}/datamarts/${datamartId}/executions/${id}/${file}`;
}

export type FileReference = {
  readonly organisationId: string;
  readonly datamartId: string;
  readonly executionId: string;
  readonly file: DocumentFile;
};

const URI =
  /^mics:\/\/data_file\/tenants\/(\d{1,18})\/datamarts\/(\d{1,18})\/executions\/(\d{1,18})\/(input|errors)$/;

/** What a URI of `fileUri` names, or null for any other text. */
export function parseFileUri(uri: string): FileReference | null {
  const [, organisationId, datamartId, executionId, file] = URI.exec(uri) ?? [];
  if (organisationId === undefined || datamartId === undefined || executionId === undefined) return null;
  return { organisationId, datamartId, executionId, file: file === 'errors' ? 'errors' : 'input' };
}

/** Name under which the error file of an execution is downloaded: `users.errors.csv` for `users.csv`. */
export function errorFileName(inputName: string): string {
  const dot = inputName.lastIndexOf('.');
  return dot > 0 ? `${inputName.slice(0, dot)}.errors${inputName.slice(dot)}` : `${inputName}.errors`;
}
