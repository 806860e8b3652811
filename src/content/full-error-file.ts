import { createHash } from 'node:crypto';
import type { KeptFile } from '../documents/documents.ts';
import { omissionNote } from '../import/omission-note.ts';
import type { MimeType } from '../model/records.ts';

/** Enough of a CSV error file to tell its delimiter. */
const START_BYTES = 64;

/**
 * An error file that was full, with a last record that says how many failed lines are not in it.
 * That record is kept nowhere: while the file grows nobody knows how many there will be. `file` is
 * closed when it cannot be read.
 */
export async function withOmissionNote(
  file: KeptFile,
  { omitted, mimeType }: { readonly omitted: number; readonly mimeType: MimeType },
): Promise<KeptFile> {
  try {
    const start = await file.read(0, START_BYTES);
    return withTail(file, Buffer.from(omissionNote(omitted, { isCsv: mimeType === 'TEXT_CSV', start })));
  } catch (error) {
    await file.close();
    throw error;
  }
}

function withTail(file: KeptFile, tail: Buffer): KeptFile {
  const hash = createHash('sha256').update(file.etag).update(tail).digest('hex');
  return {
    ...file,
    bytes: file.bytes + tail.length,
    etag: `"${hash.slice(0, 32)}"`,
    read: async (position, length) => {
      if (position >= file.bytes) return tail.subarray(position - file.bytes, position - file.bytes + length);
      return file.read(position, Math.min(length, file.bytes - position));
    },
  };
}
