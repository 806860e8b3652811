import type { Catalogue } from '../../model/catalogue.ts';
import type { Sought } from '../../model/erasure.ts';
import type { Execution } from '../../model/execution.ts';
import type { FileReader } from '../../model/file-reader.ts';
import { readFormat } from '../read-format.ts';
import { findLines, type Range } from './find-lines.ts';
import { withoutLines } from './without-lines.ts';

/** A file of an execution that has ended; an error file with all its parts. */
export type FileToRedact = {
  readonly file: FileReader;
  /**
   * What it consists of, in order: where each part begins in the file, and how long it is there.
   */
  readonly parts: readonly { readonly name: string; readonly start: number; readonly bytes: number }[];
  readonly which: 'input' | 'errors';
  readonly execution: Execution;
};

/**
 * Takes the lines that name some users out of a file of an execution that has ended. `replace` gets
 * the new content of a part and puts it in its place; it is not called for parts that have nothing
 * to take out. Done again, it finds nothing.
 *
 * Resolves to how many lines were taken out, by erasure.
 */
export async function redactFile(
  { file, parts, which, execution }: FileToRedact,
  of: {
    readonly catalogue: Catalogue;
    readonly sought: readonly Sought[];
    readonly signal: AbortSignal;
    readonly replace: (name: string, content: AsyncIterable<Buffer>) => Promise<boolean>;
  },
): Promise<ReadonlyMap<string, number>> {
  const { mimeType } = execution;
  const { sought, catalogue, signal } = of;
  const format = await readFormat(file, execution);
  const found = await findLines({ file, format, mimeType, which, sought, catalogue, signal });
  let next = 0;
  for (const { name, start, bytes } of parts) {
    while ((found.ranges[next]?.end ?? Number.POSITIVE_INFINITY) <= start) next++;
    const ranges = rangesIn(found.ranges, { start, end: start + bytes }, next);
    if (ranges.length > 0) await of.replace(name, withoutLines(partOf(file, { start, bytes }), ranges));
  }
  return found.byErasure;
}

/**
 * What ascending ranges have in common with a part, counted from where that begins; `first` is the
 * first that ends behind the part's beginning.
 */
function rangesIn(ranges: readonly Range[], { start, end }: Range, first: number): readonly Range[] {
  const common: Range[] = [];
  for (let i = first; (ranges[i]?.start ?? end) < end; i++) {
    const range = ranges[i] as Range;
    common.push({ start: Math.max(range.start, start) - start, end: Math.min(range.end, end) - start });
  }
  return common;
}

function partOf(file: FileReader, { start, bytes }: { start: number; bytes: number }) {
  return {
    read: (position: number, length: number) =>
      file.read(start + position, Math.max(0, Math.min(length, bytes - position))),
  };
}
