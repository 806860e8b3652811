import { Buffer } from 'node:buffer';
import type { Execution } from '../model/execution.ts';
import type { FileReader } from '../model/file-reader.ts';
import type { CsvProfile, Mapping } from '../model/mapping.ts';
import type { MimeType } from '../model/records.ts';
import { csvFormat } from './csv.ts';
import { findHeaderEnd, HEADER_ROOM_BYTES, headerText, parseCsvHeader } from './csv-header.ts';
import type { CsvHeader, DocumentFormat } from './document-format.ts';
import { mappedNdjson, ndjsonFormat } from './ndjson.ts';

/** How a document is read; `header` is null of a format that has none. */
export type ReadFormat =
  | { readonly ok: true; readonly format: DocumentFormat; readonly header: CsvHeader | null }
  | { readonly ok: false; readonly message: string };

/**
 * Reads from the beginning of a document how the rest of it is read; pure. `start` holds the whole
 * header, if there is one.
 */
export function readFormatOf(
  start: Buffer,
  {
    mimeType,
    profile,
    mapping = null,
  }: { readonly mimeType: MimeType; readonly profile: CsvProfile; readonly mapping?: Mapping | null },
): ReadFormat {
  // what is kept of a Parquet file are its rows as NDJSON
  if (mimeType !== 'TEXT_CSV') return { ok: true, format: formatOf({ csv: null, mapping }), header: null };
  const newline = findHeaderEnd(start, { at: 'CELL_START' });
  const end = newline === -1 ? start.length : newline;
  const parsed = parseCsvHeader(headerText(start.subarray(0, end)), profile, mapping);
  if (!parsed.ok) return parsed;
  const { header } = parsed;
  const lines = Buffer.from(start.subarray(0, end)).toString('latin1').split('\n').length;
  const format = csvFormat(header, { offset: Math.min(end + 1, start.length), line: lines }, mapping);
  return { ok: true, format, header };
}

/**
 * How a kept file of an execution is read: its document, or its error file. The header of a CSV was
 * checked when it was received, so one that cannot be read is a fault.
 */
export async function readFormat(
  file: Pick<FileReader, 'read'>,
  { mimeType, mapping, job }: Pick<Execution, 'mimeType' | 'mapping' | 'job'>,
): Promise<DocumentFormat> {
  const profile = job.type === 'DOCUMENT_IMPORT' ? 'COMMANDS' : 'USER_LIST';
  const start = mimeType === 'TEXT_CSV' ? await file.read(0, HEADER_ROOM_BYTES) : Buffer.alloc(0);
  const read = readFormatOf(start, { mimeType, profile, mapping });
  if (!read.ok) throw new Error(`the header of a kept file cannot be read: ${read.message}`);
  return read.format;
}

/** A format in another thread: made again of what it was made of. */
export function formatOf({ csv, mapping }: Pick<DocumentFormat, 'csv' | 'mapping'>): DocumentFormat {
  if (csv !== null) return csvFormat(csv.header, csv.start, mapping);
  return mapping === null ? ndjsonFormat : mappedNdjson(mapping);
}
