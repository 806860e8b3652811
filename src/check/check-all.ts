import type { CheckResult } from '../model/check.ts';
import { checkExecutions } from './check-executions.ts';
import { checkFolders } from './check-folders.ts';
import type { CheckSource } from './checking.ts';

/**
 * Looks whether a store agrees with itself and with its files: a result for each check, whatever
 * they find. Nothing is changed, and imports go on; files that are removed meanwhile are held until
 * they have been looked at.
 */
export async function checkAll(source: CheckSource): Promise<readonly CheckResult[]> {
  const hold = await source.documents.hold();
  try {
    return [
      ...(await source.store.checkContent(source.clock())),
      ...(await checkExecutions(source, hold)),
      await checkFolders(source),
    ];
  } finally {
    await hold.release();
  }
}
