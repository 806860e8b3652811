import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { isParquet } from '../../../src/content/start/parquet-start.ts';
import { startInUtf8 } from '../../../src/content/start/utf16.ts';
import { compressionOf } from '../../../src/documents/compression.ts';
import type { CsvHeader } from '../../../src/import/document-format.ts';
import { isRejection } from '../../../src/import/document-format.ts';
import { MASK } from '../../../src/import/rejections.ts';
import { ODD } from '../../../src/import/warnings.ts';
import type { Catalogue } from '../../../src/model/catalogue.ts';
import type { Command, Rejection } from '../../../src/model/command.ts';
import type { Mapping } from '../../../src/model/mapping.ts';
import type { MimeType } from '../../../src/model/records.ts';
import { countWarnings, examplesOf, warningMessage } from '../../../src/model/warning.ts';
import {
  type ReadRecord as Read,
  type ReadSample,
  readSample as readBytes,
} from '../../../src/preview/read-sample.ts';
import { visibleText } from '../parts/visible-text.ts';
import type { WarningExample } from '../parts/warning-examples.tsx';
import { Buffer } from './node-buffer.ts';

/** How much of a file is looked at. */
export const SAMPLE_BYTES = 256 * 1024;

/** A record as the service would read it. */
export type ReadRecord = {
  readonly line: number;
  readonly outcome: Command | Rejection;
  /** How its user is shown: an address masked, blanks around an identifier as signs. */
  readonly user: string;
};

export type Sample = {
  /** Why the service would refuse the file as a whole, or null. */
  readonly refusal: ReadSample['refusal'];
  /** Of a CSV: its separator, and its columns as the service knows them. */
  readonly header: Pick<CsvHeader, 'delimiter' | 'columns' | 'fields'> | null;
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

/** Whether a file is one that only the service can read. */
export function isParquetStart({ bytes }: Start): boolean {
  return isParquet(Buffer.from(bytes) as unknown as globalThis.Buffer);
}

/** As the service undoes it. */
const MAX_LAYERS = 3;

/**
 * The beginning of a file, decompressed and in UTF-8, by what its bytes say; null where the browser
 * cannot do that.
 */
export async function readStartOf(file: Blob): Promise<Start | null> {
  for (let layers = 0; layers <= MAX_LAYERS; layers++) {
    const start = await gunzip(file, layers);
    const compression = compressionOf(start.bytes) ?? null;
    if (compression === null && (start.bytes.length > 0 || start.isWhole)) return inUtf8(start);
    if (compression !== 'gzip') return null;
  }
  return null;
}

function inUtf8({ bytes, isWhole }: Start): Start {
  return { bytes: startInUtf8(Buffer.from(bytes) as unknown as globalThis.Buffer, isWhole), isWhole };
}

/**
 * The beginning of a file without so many layers of gzip. Where it cannot be decompressed further,
 * it is what was there until then: browsers take one member of gzip alone, and the service takes
 * several.
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

/**
 * Reads the beginning of a file with the parsers of the service: what it says here, it would say
 * there. Pure.
 */
export function readSample(
  { bytes, isWhole }: Start,
  of: {
    readonly mimeType: MimeType;
    /** Of the import: what it hashes is hashed here too. */
    readonly mapping?: Mapping | null;
    /** The segment whose users the file lists; it has commands otherwise. */
    readonly userListOf?: string | undefined;
    readonly catalogue: Catalogue;
    readonly now: number;
  },
): Sample {
  // the parsers know Node's Buffer; this one has the same methods
  const start = { bytes: Buffer.from(bytes) as unknown as globalThis.Buffer, isWhole };
  const read = readBytes(start, { ...of, mapping: of.mapping ?? null, sha256: sha256Of });
  const records = read.records.map((record) => ({ ...record, user: userOf(record) }));
  const failures = new Map<string, number>();
  for (const { outcome } of records)
    if (isRejection(outcome)) failures.set(outcome.code, (failures.get(outcome.code) ?? 0) + 1);
  const userByLine = new Map(records.map(({ line, user }) => [line, user]));
  const examples = examplesOf(read.warnings).map((warned) => ({
    line: warned.line,
    code: warned.code,
    message: warningMessage(warned.code, warned),
    value: SHOWS_VALUE.has(warned.code) ? userByLine.get(warned.line ?? 0) : undefined,
  }));
  const warnings = { counts: Object.entries(countWarnings(read.warnings)), examples };
  const { header, refusal } = read;
  return { refusal, header, records, failures, warnings, isWhole };
}

/** Warnings that are about the identifier of a line. */
const SHOWS_VALUE: ReadonlySet<string> = new Set([
  ...['LOOKS_LIKE_EMAIL', 'SURROUNDING_BLANKS', 'LOOKS_LIKE_FLOAT', 'HASH_IN_CAPITALS'],
]);

function userOf({ outcome, odd }: Read): string {
  if (isRejection(outcome)) return '';
  return odd & ODD.EMAIL ? MASK : visibleText(outcome.identifier.value);
}

function sha256Of(text: string): string {
  return bytesToHex(sha256(new TextEncoder().encode(text)));
}
