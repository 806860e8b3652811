import type { Logger } from 'pino';
import { readFailedNumbers } from '../content/failed-lines.ts';
import { type Documents, wholeFile } from '../documents/documents.ts';
import { readFormat } from '../import/read-format.ts';
import { countRepaired, type FailedLineNumbers } from '../import/repaired-lines.ts';
import { type Checkpoint, type Execution, errorPartsOf } from '../model/execution.ts';
import type { Store } from '../store/store.ts';

type Context = { readonly store: Store; readonly documents: Documents; readonly logger: Logger };

/**
 * How many failed lines of the execution that it corrects one has repaired that is about to end at
 * a checkpoint; null where that cannot be told, or it corrects none. A fault is in the log, and
 * keeps no execution from its end.
 */
export async function repairedBy(
  execution: Execution,
  checkpoint: Checkpoint,
  context: Context,
): Promise<number | null> {
  const { corrects, options } = execution;
  if (corrects === null || options.dryRun) return null;
  if (checkpoint.successes === 0) return 0;
  try {
    const corrected = await context.store.executions.get(corrects);
    if (corrected === null || corrected.filesRemovedDate !== null) return null;
    return await count({ execution: { ...execution, checkpoint }, corrected }, context);
  } catch (fault) {
    context.logger.warn({ err: fault, corrects }, 'how many lines a correction repairs is not known');
    return null;
  }
}

async function count(
  { execution, corrected }: { readonly execution: Execution; readonly corrected: Execution },
  { documents }: Context,
): Promise<number | null> {
  const { document, checkpoint } = execution;
  const file = await documents.open(document.folder, wholeFile('input'));
  if (file === null) return null;
  try {
    return await countRepaired({
      file,
      format: await readFormat(file, execution),
      applied: { bytes: checkpoint.offset, line: checkpoint.line },
      failed: await numbersOf(execution, documents),
      corrected: await numbersOf(corrected, documents),
    });
  } finally {
    await file.close();
  }
}

/**
 * The lines of an execution that failed, as its error file has them: the first ones where it was
 * full.
 */
async function numbersOf(
  { document, checkpoint, mimeType }: Execution,
  documents: Context['documents'],
): Promise<FailedLineNumbers> {
  if (checkpoint.errorFileBytes === 0)
    return { lines: [], knownTo: checkpoint.errorLinesOmitted === 0 ? null : 0 };
  const file = await documents.open(document.folder, errorPartsOf(checkpoint));
  if (file === null) throw new Error(`the error file in ${document.folder} is not there`);
  try {
    const lines = await readFailedNumbers(file, mimeType);
    return { lines, knownTo: checkpoint.errorLinesOmitted === 0 ? null : (lines.at(-1) ?? 0) };
  } finally {
    await file.close();
  }
}
