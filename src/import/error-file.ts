import { passFaultPoint } from '../fault-points.ts';
import { type Checkpoint, type ErrorPart, errorPartsOf } from '../model/execution.ts';

/**
 * What an error file consists of when the failed lines of a chunk are in it: members of its
 * checkpoint.
 */
export type ErrorFile = Pick<Checkpoint, 'errorFileBytes' | 'errorParts' | 'errorLinesOmitted'>;

/**
 * How long an error file may become: a few bytes of a file can be as many lines, each with its
 * message.
 */
export type ErrorFileLimits = { readonly lines: number; readonly bytes: number };
const UNLIMITED: ErrorFileLimits = { lines: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };

/**
 * How far an error file has come. It is full once a line was omitted: the first ones are in it,
 * without gaps.
 */
export type ErrorFilePosition = { readonly lines: number; readonly bytes: number; readonly omitted: number };
export const EMPTY_ERROR_FILE: ErrorFilePosition = { lines: 0, bytes: 0, omitted: 0 };

/** Where the error file of a checkpoint ends; the next failed line comes there, whoever goes on. */
export function errorFilePositionOf({
  failures,
  errorFileBytes,
  errorLinesOmitted,
}: Pick<Checkpoint, 'failures' | 'errorFileBytes' | 'errorLinesOmitted'>): ErrorFilePosition {
  return { lines: failures - errorLinesOmitted, bytes: errorFileBytes, omitted: errorLinesOmitted };
}

/**
 * The failed lines of a chunk, as far as there is room for them in the error file; the header
 * before the first one.
 */
export type ErrorLines = { readonly content: Uint8Array; readonly to: ErrorFilePosition };

/** Collects failed lines that come behind `from`; `header` counts with the first one. */
export function collectErrorLines(
  from: ErrorFilePosition,
  { header, limits = UNLIMITED }: { readonly header: string; readonly limits?: ErrorFileLimits | undefined },
) {
  const texts: string[] = [];
  let { lines, bytes, omitted } = from;
  let chars = 0;
  return {
    /** `write` is not called for a line that is omitted. */
    add(write: () => string): void {
      const text = omitted > 0 || lines >= limits.lines ? null : write();
      const headerBytes = bytes === 0 ? Buffer.byteLength(header) : 0;
      const added = text === null ? 0 : headerBytes + Buffer.byteLength(text);
      if (text === null || bytes + added > limits.bytes) {
        omitted++;
        return;
      }
      texts.push(text);
      lines++;
      bytes += added;
      chars += text.length;
    },
    /** What is held in memory. */
    chars: () => chars,
    finish: (): ErrorLines => {
      const before = from.bytes === 0 && texts.length > 0 ? header : '';
      const content = new TextEncoder().encode(before + texts.join(''));
      return { content, to: { lines, bytes, omitted } };
    },
  };
}

/**
 * Makes the failed lines of a chunk durable as the next part of an error file. Nothing is written
 * where no line failed, or none has room.
 *
 * Never into a file that is there: a worker that lost its lease without noticing may be writing
 * too, and must not touch what the checkpoints of the other one name.
 */
export async function addErrors(
  before: ErrorFile,
  { content, to }: ErrorLines,
  addPart: (content: Buffer) => Promise<ErrorPart['name']>,
): Promise<ErrorFile> {
  const { errorFileBytes, errorParts } = before;
  const errorLinesOmitted = to.omitted;
  if (content.length === 0)
    return { errorFileBytes, errorLinesOmitted, ...(errorParts === undefined ? {} : { errorParts }) };
  const name = await addPart(Buffer.from(content.buffer, content.byteOffset, content.length));
  const part = { name, bytes: content.length };
  passFaultPoint('error-file-written');
  return {
    errorFileBytes: errorFileBytes + part.bytes,
    errorLinesOmitted,
    errorParts: [...errorPartsOf(before), part],
  };
}
