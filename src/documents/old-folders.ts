import type { Documents } from './documents.ts';

/** As many folders as are asked about in one query. */
const BATCH = 1000;

/** Kept folders in which nothing was written since `before`, some at a time. */
export async function* oldFolders(
  documents: Pick<Documents, 'listFolders'>,
  before: number,
): AsyncGenerator<readonly string[]> {
  let batch: string[] = [];
  for await (const { folder, modifiedAt } of documents.listFolders()) {
    if (modifiedAt >= before) continue;
    batch.push(folder);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
