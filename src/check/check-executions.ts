import type { DocumentsHold } from '../documents/documents.ts';
import { type CheckResult, tally } from '../model/check.ts';
import type { Execution } from '../model/execution.ts';
import type { CheckSource, Looking } from './checking.ts';
import { checkpointFault, countsFault } from './execution-sums.ts';
import { errorFileFault, inputFileFault } from './files.ts';
import { readRewrites } from './rewrites.ts';

/** What is wrong with an execution, or null. */
type Look = (looking: Looking) => Promise<string | null> | string | null;

/** Every check of an execution. One more is one more line. */
const LOOKS: Readonly<Record<string, Look>> = {
  'execution-counts': countsFault,
  'execution-checkpoints': checkpointFault,
  'input-files': inputFileFault,
  'error-files': errorFileFault,
};

/** Goes through all executions, page by page. */
export async function checkExecutions(source: CheckSource, hold: DocumentsHold): Promise<CheckResult[]> {
  const { executions } = source.store;
  const mayBeRewritten = readRewrites(source.store.erasures);
  const tallies = Object.entries(LOOKS).map(([name, look]) => ({ look, found: tally(name) }));
  for (let after = '0'; ; ) {
    const page = await executions.listAfter(after);
    if (page.length === 0) break;
    for (const execution of page) {
      const looking = { execution, hold, mayBeRewritten: await mayBeRewritten(execution) };
      for (const { look, found } of tallies) {
        const fault = await look(looking);
        if (fault !== null && (await isSoStill(execution, source)))
          found.add(`execution ${execution.id}: ${fault}`);
      }
    }
    after = page.at(-1)?.id ?? after;
  }
  return tallies.map(({ found }) => found.result());
}

/**
 * An execution that was removed since the page was read, or its files, has nothing wrong with it.
 */
async function isSoStill({ id, filesRemovedDate }: Execution, { store }: CheckSource): Promise<boolean> {
  const now = await store.executions.get(id);
  return now !== null && now.filesRemovedDate === filesRemovedDate;
}
