import type { KeptFile } from '../documents/documents.ts';
import { ServiceError } from '../errors.ts';
import { type Execution, errorPartsOf } from '../model/execution.ts';
import type { HttpDependencies } from './dependencies.ts';

/** Throws FILE_REMOVED for an execution whose files are not kept any more. */
export function requireFiles({ filesRemovedDate }: Execution): void {
  if (filesRemovedDate === null) return;
  throw new ServiceError('FILE_REMOVED', 'the error file was removed when its time of retention had passed');
}

/** Opens the error file of an execution that has one for as long as `read` takes. */
export async function withErrorFile<T>(
  { documents }: Pick<HttpDependencies, 'documents'>,
  { document, checkpoint }: Execution,
  read: (file: KeptFile) => Promise<T>,
): Promise<T> {
  const file = await documents.open(document.folder, errorPartsOf(checkpoint));
  if (file === null) throw new ServiceError('FILE_REMOVED', 'the error file is not there any more');
  try {
    return await read(file);
  } finally {
    await file.close();
  }
}
