import type { Catalogue } from '../model/catalogue.ts';
import type { Rejection } from '../model/command.ts';
import type { CsvProfile, ExpiryFormat, HashRule, Mapping } from '../model/mapping.ts';
import type { NewSegments } from './new-segments.ts';
import type { PlainLayout } from './plain-fields.ts';

/** The longest line that is read, in bytes without its line end (spec §6). */
export const MAX_LINE_BYTES = 1024 * 1024;

/**
 * How much of a failed record stands in the error file, in characters. Only a record over the line
 * limit is longer.
 */
export const MAX_ERROR_RAW_CHARS = 64 * 1024;

/** A place between two records of a document: bytes and physical lines that lie before it. */
export type Position = { readonly offset: number; readonly line: number };

/** What a record says beside its fields where they were read by a mapping. */
export type MappedFrom = {
  /** Its members under their own names. */
  readonly own: Readonly<Record<string, unknown>>;
  /** Of the column that a field was read from. */
  readonly formatOf: (field: string) => ExpiryFormat | null;
  readonly hashOf: (field: string) => HashRule | null;
  /** All identifiers that the record has, by field, also those that do not count beside another. */
  readonly identifiers: readonly (readonly [field: string, value: unknown])[];
};

/**
 * The fields of a record, as far as they came: NDJSON gives JSON values, CSV gives texts (and lists
 * of them). Undefined, null and blank texts are absent.
 */
export type CommandSource = {
  readonly fields: Readonly<Record<string, unknown>>;
  /**
   * How the JSON value of a field (of its element `index`) was written, for numbers beyond 2^53 and
   * for objects.
   */
  readonly source: (field: string, index?: number) => string;
  /** Whether a number may have been written with more digits than it has as a JavaScript number. */
  readonly mayRound: () => boolean;
  /** Where a mapping read the fields from. */
  readonly mapped?: MappedFrom;
};

/**
 * One record of a document: a line, or several where one object or one quoted cell goes over
 * several.
 */
export type DocumentRecord = {
  /** Its first physical line, from 1. */
  readonly line: number;
  /** Bytes of the document before it. */
  readonly start: number;
  /** Where the next record begins. */
  readonly end: Position;
  /**
   * The record as it stands in the document, without its last line end; shortened when it is over
   * the line limit.
   */
  readonly text: string;
  /** What a command is read from, or why the record is none. */
  readonly content: CommandSource | Rejection;
};

/** Whole lines in the bytes at hand; the last one may lack its line end where the document ends. */
export type LineRun = {
  /** Where the first one begins, and its number, from 1. */
  readonly start: number;
  readonly number: number;
  readonly end: number;
  readonly isEnd: boolean;
  /** Lines that begin here or later are valid UTF-8. */
  readonly checkedFrom: number;
};

/** How far plain lines were taken: up to where, lines that were passed, and commands in them. */
export type TakenLines = { readonly next: number; readonly passed: number; readonly taken: number };

/** Takes the plain commands of a document out of its lines before they become records. */
export type PlainLines = {
  /** Takes lines as long as they are plain, `most` at most. Blank ones are passed. */
  readonly take: (bytes: Buffer, run: LineRun, most: number) => TakenLines;
  /** Lines and records together, after which `push` stops. */
  readonly most: number;
};

/** The header of a CSV document, as it was read. */
export type CsvHeader = {
  readonly delimiter: string;
  readonly profile: CsvProfile;
  /** As they stand in the document. */
  readonly cells: readonly string[];
  /** Names in lower case, trimmed, in the order of the columns; '' for a column without a name. */
  readonly columns: readonly string[];
  /** The field of commands that each column feeds, in the same order; '' for none. */
  readonly fields: readonly string[];
};

/** Cuts a document into records, block by block. Holds back what may go on in the next block. */
export interface Splitter {
  /**
   * Records that are complete with this block; `last` says that no block follows. Never throws on
   * any bytes. With `plain`, plain lines are taken and are no records, and it stops after
   * `plain.most`: the rest of the block is to be read again, from `position`.
   */
  push(block: Buffer, last: boolean, plain?: PlainLines): DocumentRecord[];
  /** Everything before it has been returned by `push`, was taken, or was blank. */
  position(): Position;
}

/** What a command is checked against. */
export type CommandContext = {
  readonly catalogue: Catalogue;
  /** The execution's `start_date`: the clock of the whole file. */
  readonly startDate: number;
  /** Unknown technical names become segments; absent: they fail. */
  readonly newSegments?: NewSegments | null;
};

/** A kind of file: how its records are found, and how a failed one is written to the error file. */
export interface DocumentFormat {
  /** What it is made of; null of NDJSON. See `formatOf`. */
  readonly csv: { readonly header: CsvHeader; readonly start: Position } | null;
  /** How its columns or members become fields; null: by their names. */
  readonly mapping: Mapping | null;
  /** Where the first record of the document begins: after a header. */
  readonly start: Position;
  /** `from` is the start of the document or the `end` of one of its records. */
  createSplitter(from: Position): Splitter;
  /** How its plain lines look; null: none is plain. */
  readonly plainLayout: PlainLayout | null;
  /**
   * The names of the columns as the document has them; null where each record names its members.
   */
  readonly columns: readonly string[] | null;
  /** What an error file begins with. */
  readonly errorFileHeader: string;
  /** What can still be read of a record whose content could not be, for `readNamedUsers`. */
  readFailed(record: DocumentRecord): readonly CommandSource[];
  /**
   * One line of the error file, with its line end. Corrected and put into a file, it can be sent
   * again.
   */
  errorLine(record: DocumentRecord, rejection: Rejection): string;
}

/** Whether what was read is the reason why nothing could be. */
export function isRejection<T extends object>(result: T | Rejection): result is Rejection {
  return 'code' in result && 'message' in result;
}
