import { oldFolders } from '../documents/old-folders.ts';
import { tally } from '../model/check.ts';
import type { CheckSource } from './checking.ts';

/**
 * An upload's folder is there before its execution is; what is younger may be one. The sweep of
 * orphans waits as long.
 */
const YOUNG_MS = 86_400_000;

/** Whether every folder of files belongs to an execution. */
export async function checkFolders({ store, documents, clock }: CheckSource) {
  const found = tally('folders');
  for await (const folders of oldFolders(documents, clock() - YOUNG_MS)) {
    const referred = await store.executions.referredFolders(folders);
    for (const folder of folders)
      if (!referred.has(folder)) found.add(`folder ${folder} belongs to no execution`);
  }
  return found.result();
}
