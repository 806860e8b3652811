import type { Documents } from './documents/documents.ts';
import { passFaultPoint } from './fault-points.ts';
import type { Execution } from './model/execution.ts';
import type { Upload } from './store/execution-records.ts';
import type { Store } from './store/store.ts';

/**
 * Makes an execution of a document that has been received. Where its key is known already it is the
 * first one, and the document is removed again; it is removed too where no execution can be made.
 */
export async function makeExecution(
  { store, documents }: { readonly store: Store; readonly documents: Pick<Documents, 'remove'> },
  upload: Upload,
): Promise<Execution | 'KEY_REUSED' | null> {
  const { folder } = upload.document;
  passFaultPoint('upload-kept');
  const made = await store.executions.create(upload).catch(async (fault: unknown) => {
    // a commit that failed may have been written all the same: then it runs after the next start,
    // and needs its document
    const referred = await store.executions.referredFolders([folder]).catch(() => null);
    if (referred !== null && !referred.has(folder)) await documents.remove(folder);
    throw fault;
  });
  passFaultPoint('execution-created');
  if (made === null || made === 'KEY_REUSED' || made.document.folder !== folder)
    await documents.remove(folder);
  return made;
}
