import type { Catalogue } from '../../model/catalogue.ts';
import type { Sought } from '../../model/erasure.ts';
import type { Execution } from '../../model/execution.ts';
import { readDocument } from '../import-document.ts';
import { findLines } from './find-lines.ts';
import { withoutLines } from './without-lines.ts';

/**
 * Takes the lines that name some users out of a file of an execution that has ended. `replace` gets the new content and
 * puts it in the place of the file; it is not called when there is nothing to take out. Done again, it finds nothing.
 *
 * Resolves to how many lines were taken out, by erasure; ENOENT when there is no such file.
 */
export async function redactFile(
  of: {
    readonly path: string;
    readonly which: 'input' | 'errors';
    readonly execution: Execution;
    readonly catalogue: Catalogue;
    readonly sought: readonly Sought[];
    readonly signal: AbortSignal;
  },
  replace: (content: AsyncIterable<Buffer>) => Promise<boolean>,
): Promise<ReadonlyMap<string, number>> {
  const { execution, catalogue, sought, which, signal } = of;
  const files = { execution, inputPath: of.path, errorsPath: of.path };
  return readDocument(files, async ({ file, format }) => {
    const { mimeType } = execution;
    const found = await findLines({ file, format, mimeType, which, sought, catalogue, signal });
    if (found.ranges.length > 0) await replace(withoutLines(file, found.ranges));
    return found.byErasure;
  });
}
