import { Buffer } from 'node:buffer';
import { createStartCheck } from '../content/start/check-start.ts';
import { isParquet } from '../content/start/parquet-start.ts';
import { type ErrorCode, ServiceError } from '../errors.ts';
import type { CsvHeader } from '../import/document-format.ts';
import { type DocumentFormat, type DocumentRecord, isRejection } from '../import/document-format.ts';
import { takeNone } from '../import/line-reader.ts';
import { hashesColumns } from '../import/mapping/compile-mapping.ts';
import { createDocumentHasher } from '../import/mapping/hash-document.ts';
import type { Sha256 } from '../import/mapping/hash-rules.ts';
import { parseCommand } from '../import/parse-command.ts';
import { readFormatOf } from '../import/read-format.ts';
import { asUserListCommand } from '../import/user-list.ts';
import { createWarningTally, fileWarnings, oddCommand, type WarningTally } from '../import/warnings.ts';
import type { Catalogue } from '../model/catalogue.ts';
import type { Command, Rejection } from '../model/command.ts';
import { KIND_BIT } from '../model/identifier.ts';
import type { Mapping } from '../model/mapping.ts';
import type { MimeType } from '../model/records.ts';
import { addWarnings, fileWarning, NO_WARNINGS, type Warnings } from '../model/warning.ts';

/** How its rows are read: those of a list are users, whatever segment it is sent to. */
const profileOf = ({ userListOf }: Pick<SampleReading, 'userListOf'>) =>
  userListOf === undefined ? 'COMMANDS' : 'USER_LIST';
const JOB = { type: 'DOCUMENT_IMPORT', documentImportId: '' } as const;

/** The beginning of a file, decompressed and in UTF-8. */
export type SampleBytes = { readonly bytes: Buffer; readonly isWhole: boolean };

export type SampleReading = {
  readonly mimeType: MimeType;
  readonly mapping: Mapping | null;
  readonly catalogue: Catalogue;
  /** Stands for the start of the execution. */
  readonly now: number;
  readonly sha256: Sha256;
  /** The segment that the file lists the users of; it has commands otherwise. */
  readonly userListOf?: string | undefined;
  /** Records after which nothing is read. */
  readonly maxRecords?: number;
};

/** A record as the service would read it. */
export type ReadRecord = {
  readonly line: number;
  readonly outcome: Command | Rejection;
  /** What is odd about a command: bits of `ODD`. */
  readonly odd: number;
};

export type ReadSample = {
  /** Why the service would refuse the file as a whole, or null. */
  readonly refusal: { readonly code: ErrorCode; readonly message: string } | null;
  /** Of a CSV that is not refused. */
  readonly header: CsvHeader | null;
  readonly records: readonly ReadRecord[];
  /** What is odd about the file and fails no line. */
  readonly warnings: Warnings;
};

/**
 * Reads the beginning of a file with the parsers of the service: what it says here, the service
 * would say there. What a mapping hashes is hashed here too. Pure; the same code runs in the
 * service and in a browser.
 */
export function readSample(start: SampleBytes, of: SampleReading): ReadSample {
  const nothing = { header: null, records: [], warnings: NO_WARNINGS };
  const refusal = refusalOf(start, of);
  if (refusal !== null) return { ...nothing, refusal };
  const bytes = hashed(start.bytes, of);
  const read = readFormatOf(bytes, { mimeType: of.mimeType, profile: profileOf(of), mapping: of.mapping });
  if (!read.ok) return { ...nothing, refusal: { code: 'INVALID_HEADER', message: read.message } };
  const { format, header } = read;
  const tally = createWarningTally(JOB, of.mapping);
  const records = recordsOf(format, bytes, { ...of, isWhole: start.isWhole }).map((record) =>
    readRecord(record, { ...of, format, tally }),
  );
  const ofFile = fileWarnings({ format, job: JOB, earlier: undefined });
  const found = addWarnings(ofFile, tally.warnings());
  const isEmpty = start.isWhole && records.length === 0;
  const warnings = isEmpty ? addWarnings(found, fileWarning('NO_COMMANDS')) : found;
  return { refusal: null, header, records, warnings };
}

function recordsOf(
  format: DocumentFormat,
  bytes: Buffer,
  { isWhole, maxRecords = Number.POSITIVE_INFINITY }: { isWhole: boolean; maxRecords?: number },
): DocumentRecord[] {
  const splitter = format.createSplitter(format.start);
  const none = { take: takeNone, most: maxRecords };
  return splitter.push(bytes.subarray(format.start.offset), isWhole, none);
}

function readRecord(
  { line, content }: DocumentRecord,
  of: {
    readonly catalogue: Catalogue;
    readonly now: number;
    readonly userListOf?: string | undefined;
    readonly format: DocumentFormat;
    readonly tally: WarningTally;
  },
): ReadRecord {
  if (isRejection(content)) return { line, outcome: content, odd: 0 };
  const { catalogue, userListOf } = of;
  const command = userListOf === undefined ? content : asUserListCommand(content, userListOf, catalogue);
  const outcome = parseCommand(command, { catalogue, startDate: of.now });
  if (of.format.columns === null) of.tally.noteNames(line, content.mapped?.own ?? content.fields);
  if (isRejection(outcome)) return { line, outcome, odd: 0 };
  const odd = oddCommand(outcome, content, of.now);
  if (odd !== 0) of.tally.note(line, KIND_BIT[outcome.identifier.kind], odd);
  return { line, outcome, odd };
}

/** A file as the service keeps it. */
function hashed(bytes: Buffer, { mapping, mimeType, sha256 }: SampleReading): Buffer {
  if (!hashesColumns(mapping)) return bytes;
  const hasher = createDocumentHasher({ mapping, mimeType }, sha256);
  return Buffer.concat([hasher.take(bytes), hasher.end()]);
}

/** What the service says of a file from its first bytes alone. */
function refusalOf(
  { bytes, isWhole }: SampleBytes,
  { mimeType, mapping, userListOf }: SampleReading,
): ReadSample['refusal'] {
  // it can be read only when all of it is there
  if (mimeType === 'APPLICATION_PARQUET' && isParquet(bytes)) {
    const message = 'a Parquet file has no preview: send it with dry_run=true, which checks every row';
    return { code: 'UNSUPPORTED_FILE', message };
  }
  const check = createStartCheck({ mimeType, mapping, profile: profileOf({ userListOf }) });
  try {
    check.take(bytes);
    if (isWhole) check.end();
    return null;
  } catch (refusal) {
    if (refusal instanceof ServiceError) return { code: refusal.code, message: refusal.message };
    throw refusal;
  }
}
