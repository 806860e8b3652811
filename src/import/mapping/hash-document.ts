import { Buffer } from 'node:buffer';
import type { Mapping } from '../../model/mapping.ts';
import type { MimeType } from '../../model/records.ts';
import { findHeaderEnd, type HeaderState, MAX_HEADER_BYTES } from '../csv-header.ts';
import { readFormatOf } from '../read-format.ts';
import { compileMapping } from './compile-mapping.ts';
import { RecordHasher } from './hash-records.ts';
import type { Sha256 } from './hash-rules.ts';

/** Bytes that are looked at together: a sender may send them one by one. */
const PIECE_BYTES = 64 * 1024;

/** Changes a document as it comes; everything but what is hashed stays as it is. */
export interface DocumentHasher {
  /** Takes the next bytes; gives those that can be kept. */
  take(chunk: Buffer): Buffer;
  /** The document has ended; gives the rest. */
  end(): Buffer;
}

/**
 * Hashes the columns of a document that its mapping says are to be hashed, before anything of it is
 * kept. A value that is neither clear nor a hash is masked, and so is what may be one in a record
 * that cannot be read: the record fails in the import either way. Lines stay where they are.
 */
export function createDocumentHasher(
  { mapping, mimeType }: { readonly mapping: Mapping; readonly mimeType: MimeType },
  sha256: Sha256,
): DocumentHasher {
  const { columns: all, translate } = compileMapping(mapping);
  const columns = all.filter(({ hash }) => hash !== null);
  const isWord = (field: string, value: string) => translate(field, value) !== undefined;
  const state: HeaderState = { at: 'CELL_START' };
  let hasher: RecordHasher | null = null;
  let pieces: Buffer[] = [];
  let length = 0;
  let searched = 0;

  function take(chunk: Buffer): Buffer {
    pieces.push(chunk);
    length += chunk.length;
    if (length < PIECE_BYTES) return Buffer.alloc(0);
    return flush(false);
  }

  function flush(isLast: boolean): Buffer {
    const bytes = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
    if (hasher === null && mimeType === 'TEXT_CSV') {
      const end = findHeaderEnd(bytes.subarray(searched), state);
      searched = bytes.length;
      const mayCome = end === -1 && !isLast && bytes.length <= MAX_HEADER_BYTES;
      pieces = [bytes];
      if (mayCome) {
        // looked at again when as much has come once more
        length = 0;
        return Buffer.alloc(0);
      }
    }
    pieces = [];
    length = 0;
    if (hasher !== null) return hasher.take(bytes, isLast);
    const read = readFormatOf(bytes, { mimeType, profile: 'COMMANDS', mapping });
    // nothing is kept of a document whose header cannot be used: the check of its start refuses it
    if (!read.ok) return Buffer.alloc(0);
    hasher = new RecordHasher(read.format, { columns, sha256, isWord });
    const { offset } = read.format.start;
    return Buffer.concat([bytes.subarray(0, offset), hasher.take(bytes.subarray(offset), isLast)]);
  }

  return { take, end: () => flush(true) };
}
