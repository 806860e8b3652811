import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { createStartCheck } from '../../../src/documents/start/check-start.ts';
import { compressionOf } from '../../../src/documents/start/compression.ts';
import {
  type DocumentFormat,
  type DocumentRecord,
  isRejection,
} from '../../../src/import/document-format.ts';
import { hashesColumns } from '../../../src/import/mapping/compile-mapping.ts';
import { createDocumentHasher } from '../../../src/import/mapping/hash-document.ts';
import { parseCommand } from '../../../src/import/parse-command.ts';
import { readFormatOf } from '../../../src/import/read-format.ts';
import { MASK } from '../../../src/import/rejections.ts';
import {
  createWarningTally,
  fileWarnings,
  ODD,
  oddCommand,
  type WarningTally,
} from '../../../src/import/warnings.ts';
import type { Catalogue } from '../../../src/model/catalogue.ts';
import type { Command, Rejection } from '../../../src/model/command.ts';
import { KIND_BIT } from '../../../src/model/identifier.ts';
import type { Mapping } from '../../../src/model/mapping.ts';
import type { MimeType } from '../../../src/model/records.ts';
import {
  addWarnings,
  countWarnings,
  examplesOf,
  fileWarning,
  warningMessage,
} from '../../../src/model/warning.ts';
import { visibleText } from '../parts/visible-text.ts';
import type { WarningExample } from '../parts/warning-examples.tsx';
import { Buffer } from './node-buffer.ts';

/** How much of a file is looked at. */
export const SAMPLE_BYTES = 256 * 1024;
/** A header longer than the sample is not looked for. */
const PROFILE = 'COMMANDS';
/** The file is read as one of commands, whichever import it is sent to. */
const JOB = { type: 'DOCUMENT_IMPORT', documentImportId: '' } as const;

/** A record as the service would read it. */
export type ReadRecord = {
  readonly line: number;
  readonly text: string;
  readonly outcome: Command | Rejection;
  /** How its user is shown: an address masked, blanks around an identifier as signs. */
  readonly user: string;
};

export type Sample = {
  /** Why the service would refuse the file as a whole, or null. */
  readonly refusal: string | null;
  /** Of a CSV: its separator, and its columns as the service knows them. */
  readonly header: { readonly delimiter: string; readonly columns: readonly string[] } | null;
  readonly records: readonly ReadRecord[];
  readonly failures: ReadonlyMap<string, number>;
  /** What is odd about the file and fails no line. */
  readonly warnings: {
    readonly counts: readonly (readonly [code: string, count: number])[];
    readonly examples: readonly WarningExample[];
  };
  /** Whether this is all of the file. */
  readonly isWhole: boolean;
};

export type Start = { readonly bytes: Uint8Array; readonly isWhole: boolean };

/** As the service undoes it. */
const MAX_LAYERS = 3;

/** The beginning of a file, decompressed by what its bytes say; null where the browser cannot do that. */
export async function readStartOf(file: Blob): Promise<Start | null> {
  for (let layers = 0; layers <= MAX_LAYERS; layers++) {
    const start = await gunzip(file, layers);
    const compression = compressionOf(start.bytes) ?? null;
    if (compression === null && (start.bytes.length > 0 || start.isWhole)) return start;
    if (compression !== 'gzip') return null;
  }
  return null;
}

/**
 * The beginning of a file without so many layers of gzip. Where it cannot be decompressed further, it is what was there until
 * then: browsers take one member of gzip alone, and the service takes several.
 */
async function gunzip(file: Blob, layers: number): Promise<Start> {
  if (layers === 0) {
    const bytes = new Uint8Array(await file.slice(0, SAMPLE_BYTES).arrayBuffer());
    return { bytes, isWhole: file.size <= SAMPLE_BYTES };
  }
  let stream = file.stream();
  for (let i = 0; i < layers; i++) stream = stream.pipeThrough(new DecompressionStream('gzip'));
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let isWhole = false;
  try {
    for (let length = 0; length < SAMPLE_BYTES && !isWhole; ) {
      const { done, value } = await reader.read();
      isWhole = done;
      if (value !== undefined) parts.push(value);
      length += value?.length ?? 0;
    }
    await reader.cancel();
  } catch {
    isWhole = false;
  }
  return { bytes: Buffer.concat(parts).subarray(0, SAMPLE_BYTES), isWhole };
}

/** Reads the beginning of a file with the parsers of the service: what it says here, it would say there. Pure. */
export function readSample(
  start: Start,
  of: {
    readonly mimeType: MimeType;
    /** Of the import: what it hashes is hashed here too. */
    readonly mapping?: Mapping | null;
    readonly catalogue: Catalogue;
    readonly now: number;
  },
): Sample {
  // the parsers know Node's Buffer; this one has the same methods
  const original = Buffer.from(start.bytes) as unknown as globalThis.Buffer;
  const { mapping = null } = of;
  const { isWhole } = start;
  const warnings = { counts: [], examples: [] };
  const nothing = { header: null, records: [], failures: new Map<string, number>(), warnings, isWhole };
  const refusal = refusalOf(original, { mimeType: of.mimeType, mapping }, isWhole);
  if (refusal !== null) return { ...nothing, refusal };
  const bytes = hashed(original, { mimeType: of.mimeType, mapping });
  const read = readFormatOf(bytes, { mimeType: of.mimeType, profile: PROFILE, mapping });
  if (!read.ok) return { ...nothing, refusal: read.message };
  const splitter = read.format.createSplitter(read.format.start);
  const tally = createWarningTally(JOB, mapping);
  const records = splitter
    .push(bytes.subarray(read.format.start.offset), isWhole)
    .map((record) => readRecord(record, { ...of, format: read.format, tally }));
  const failures = new Map<string, number>();
  for (const { outcome } of records)
    if (isRejection(outcome)) failures.set(outcome.code, (failures.get(outcome.code) ?? 0) + 1);
  const ofFile = fileWarnings({ format: read.format, job: JOB, earlier: undefined });
  const found = addWarnings(ofFile, tally.warnings());
  const all = isWhole && records.length === 0 ? addWarnings(found, fileWarning('NO_COMMANDS')) : found;
  const userByLine = new Map(records.map(({ line, user }) => [line, user]));
  const examples = examplesOf(all).map((warned) => ({
    line: warned.line,
    code: warned.code,
    message: warningMessage(warned.code, warned),
    value: SHOWS_VALUE.has(warned.code) ? userByLine.get(warned.line ?? 0) : undefined,
  }));
  const shown = { counts: Object.entries(countWarnings(all)), examples };
  return { refusal: null, header: read.header, records, failures, warnings: shown, isWhole };
}

/** Warnings that are about the identifier of a line. */
const SHOWS_VALUE: ReadonlySet<string> = new Set([
  ...['LOOKS_LIKE_EMAIL', 'SURROUNDING_BLANKS', 'LOOKS_LIKE_FLOAT', 'HASH_IN_CAPITALS'],
]);

function readRecord(
  record: DocumentRecord,
  of: {
    readonly catalogue: Catalogue;
    readonly now: number;
    readonly format: DocumentFormat;
    readonly tally: WarningTally;
  },
): ReadRecord {
  const { line, text, content } = record;
  const outcome = outcomeOf(record, of);
  if (isRejection(content)) return { line, text, outcome, user: '' };
  if (of.format.columns === null) of.tally.noteNames(line, content.mapped?.own ?? content.fields);
  if (isRejection(outcome)) return { line, text, outcome, user: '' };
  const odd = oddCommand(outcome, content, of.now);
  const { kind, value } = outcome.identifier;
  if (odd !== 0) of.tally.note(line, KIND_BIT[kind], odd);
  return { line, text, outcome, user: odd & ODD.EMAIL ? MASK : visibleText(value) };
}

function outcomeOf(
  { content }: DocumentRecord,
  { catalogue, now }: { readonly catalogue: Catalogue; readonly now: number },
): Command | Rejection {
  return isRejection(content) ? content : parseCommand(content, { catalogue, startDate: now });
}

type MappedFile = { readonly mimeType: MimeType; readonly mapping: Mapping | null };

/** A file as the service keeps it. */
function hashed(bytes: globalThis.Buffer, { mimeType, mapping }: MappedFile): globalThis.Buffer {
  if (!hashesColumns(mapping)) return bytes;
  const hasher = createDocumentHasher({ mapping, mimeType }, (text) =>
    bytesToHex(sha256(new TextEncoder().encode(text))),
  );
  return Buffer.concat([hasher.take(bytes), hasher.end()]) as unknown as globalThis.Buffer;
}

/** What the service says of a file from its first bytes alone. */
function refusalOf(bytes: globalThis.Buffer, file: MappedFile, isWhole: boolean): string | null {
  const check = createStartCheck({ ...file, profile: PROFILE });
  try {
    check.take(bytes);
    if (isWhole) check.end();
    return null;
  } catch (refusal) {
    return refusal instanceof Error ? refusal.message : String(refusal);
  }
}
