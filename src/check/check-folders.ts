import { tally } from '../model/check.ts';
import type { CheckSource } from './check-all.ts';

/** An upload's folder is there before its execution is; what is younger may be one. The sweep of orphans waits as long. */
const YOUNG_MS = 86_400_000;

/** Whether every folder of files belongs to an execution. */
export async function checkFolders({ store, documents, clock }: CheckSource) {
  const found = tally('folders');
  const old = (await documents.listFolders()).filter(({ modifiedAt }) => modifiedAt < clock() - YOUNG_MS);
  for (let i = 0; i < old.length; i += 1000) {
    const folders = old.slice(i, i + 1000).map(({ folder }) => folder);
    const referred = await store.executions.referredFolders(folders);
    for (const folder of folders)
      if (!referred.has(folder)) found.add(`folder ${folder} belongs to no execution`);
  }
  return found.result();
}
