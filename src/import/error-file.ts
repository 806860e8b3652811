import { passFaultPoint } from '../fault-points.ts';
import { type Checkpoint, type ErrorPart, errorPartsOf } from '../model/execution.ts';

/** What an error file consists of when the failed lines of a chunk are in it: members of its checkpoint. */
export type ErrorFile = Pick<Checkpoint, 'errorFileBytes' | 'errorParts'>;

/**
 * Makes the failed lines of a chunk durable as the next part of an error file; `header` comes before the first one. Nothing
 * is written where no line failed.
 *
 * Never into a file that is there: a worker that lost its lease without noticing may be writing too, and must not touch what
 * the checkpoints of the other one name.
 */
export async function addErrors(
  before: ErrorFile,
  { header, lines }: { readonly header: string; readonly lines: string },
  addPart: (content: Buffer) => Promise<ErrorPart['name']>,
): Promise<ErrorFile> {
  const { errorFileBytes, errorParts } = before;
  if (lines === '') return { errorFileBytes, ...(errorParts === undefined ? {} : { errorParts }) };
  const content = Buffer.from(errorFileBytes === 0 ? header + lines : lines);
  const part = { name: await addPart(content), bytes: content.length };
  passFaultPoint('error-file-written');
  return { errorFileBytes: errorFileBytes + part.bytes, errorParts: [...errorPartsOf(before), part] };
}
