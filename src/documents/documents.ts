import type { Readable } from 'node:stream';
import type { FileReader } from '../model/file-reader.ts';
import type { CsvProfile, Mapping } from '../model/mapping.ts';
import type { MimeType } from '../model/records.ts';
import type { Bounds, WriteFile } from './write-guarded.ts';

/** What a document must be. */
export type ExpectedDocument = {
  readonly mimeType: MimeType;
  /** Chooses the columns that a CSV header may have. */
  readonly profile: CsvProfile;
  /** Whether a CSV header without a row is taken: true if nothing is said. */
  readonly allowEmpty?: boolean;
  /**
   * How its own names become fields; none if nothing is said. What it hashes is hashed before
   * anything is kept.
   */
  readonly mapping?: Mapping | null;
};

/** A file that was received and is durable, but that no execution refers to yet. */
export type ReceivedDocument = {
  /** Name of its folder, random. */
  readonly folder: string;
  /** Decompressed length in bytes. */
  readonly bytes: number;
  /** SHA-256 of the decompressed bytes, hex. */
  readonly sha256: string;
};

/**
 * A file of a folder, or a part of one: its first `bytes` bytes, or all of it where it is shorter.
 */
export type Part = { readonly name: string; readonly bytes: number };

export type PlacedPart = Part & { readonly start: number };

/** A whole file, as parts. */
export function wholeFile(name: 'input' | 'export'): readonly Part[] {
  return [{ name, bytes: Number.POSITIVE_INFINITY }];
}

/** A kept file that is open. */
export interface KeptFile extends FileReader {
  /** ms since the epoch. */
  readonly modifiedAt: number;
  /** Another one when it is replaced; the same from every process. */
  readonly etag: string;
  /** Where each part begins in the file, and how long it is there. */
  readonly parts: readonly PlacedPart[];
}

export type KeptFolder = {
  readonly folder: string;
  /** When something in it was last written. */
  readonly modifiedAt: number;
};

/**
 * Opens a file that is kept in parts as one, to read it; null when there are none, or one of them
 * is gone.
 */
export type OpenFile = (folder: string, parts: readonly Part[]) => Promise<KeptFile | null>;

/** What bounds a file that the service makes itself, beside the room on the disk. */
export type FileBounds = Omit<Bounds, 'requireRoom'>;

export interface DocumentsHold {
  /** Also one that this process has removed since. */
  readonly open: OpenFile;
  release(): Promise<void>;
}

/**
 * A file that is made for this process alone: nobody else finds it, and it goes when it is
 * discarded.
 */
export interface LocalFile<T> {
  readonly written: T;
  readonly bytes: number;
  /** Its bytes, once. */
  content(): Readable;
  discard(): Promise<void>;
}

/**
 * Uploaded files and their error files, kept in one folder each, where every process that has the
 * same documents finds them. Files are whole or absent, and durable when the call that makes them
 * resolves. A folder that no execution refers to is an upload that was never acknowledged, and is
 * swept.
 *
 * Names are those of `names.ts`; others throw. What the documents cannot be reached for throws
 * `DocumentsUnreachableError`, or what the file system says.
 */
export interface Documents {
  /**
   * Streams an upload in: decompresses, counts, hashes, checks what can be told at once, and makes
   * it durable as `input` of a new folder. Throws `ServiceError` EMPTY_FILE, FILE_TOO_LARGE,
   * UNSUPPORTED_FILE, CONTENT_TYPE_MISMATCH, NOT_NDJSON, INVALID_HEADER,
   * UNSUPPORTED_CONTENT_ENCODING, INVALID_COMPRESSION, REQUEST_TIMEOUT, OVERLOADED or
   * INSUFFICIENT_STORAGE, and then keeps nothing; whatever else ends the stream early leaves
   * nothing either.
   */
  receive(
    upload: ExpectedDocument & {
      readonly stream: Readable;
      /** Value of Content-Encoding, or null. */
      readonly contentEncoding: string | null;
    },
  ): Promise<ReceivedDocument>;
  /**
   * Keeps a file that the service makes itself, as `export` of a new folder, whole and durable when
   * it resolves. `write` writes it under the local path it gets; what it leaves when it rejects is
   * removed. It is told to give up, by its signal, when the file outgrows the room on the disk
   * (INSUFFICIENT_STORAGE) or its bounds (`FileTooLargeError`).
   */
  make<T>(write: WriteFile<T>, bounds: FileBounds): Promise<{ folder: string; bytes: number; written: T }>;
  /** The same for a file that is not to be kept. */
  makeLocal<T>(write: WriteFile<T>, bounds: FileBounds): Promise<LocalFile<T>>;
  /**
   * Keeps a part of an error file in a folder that is there, durable when it resolves to its name,
   * which is random: nobody else has it, and nobody reads it until a checkpoint names it. Throws
   * INSUFFICIENT_STORAGE where the disk has no room.
   */
  addErrors(folder: string, content: Buffer): Promise<string>;
  /**
   * Removes the parts of error files of a folder that are not among `parts`: what they say was
   * never applied, or not by who wrote it.
   */
  removeOtherErrors(folder: string, parts: readonly Part[]): Promise<void>;
  readonly open: OpenFile;
  /**
   * Throws `ServiceError` INSUFFICIENT_STORAGE when a file of so many bytes would leave less room
   * on the disk that takes files in than is to be kept free. `receive` sees to it too, while the
   * file grows.
   */
  requireRoom(bytes: number): Promise<void>;
  /** Bytes that are free on that disk. */
  freeBytes(): Promise<number>;
  /**
   * Keeps what this process removes from here on, for those who read it, until its last hold has
   * been released; it is gone from `open` and `listFolders` at once. What another process removes
   * is gone.
   */
  hold(): Promise<DocumentsHold>;
  /**
   * Replaces a kept file, whole or not at all, durably when it resolves; `false` when it is gone.
   */
  replace(folder: string, name: string, content: AsyncIterable<Buffer>): Promise<boolean>;
  /** Removes a folder and its files; one that is gone already is no error. */
  remove(folder: string): Promise<void>;
  /**
   * Every kept folder, in no order. An upload's folder is there before its execution is, and any
   * process may have received it: what sweeps orphans leaves young ones alone.
   */
  listFolders(): AsyncIterable<KeptFolder>;
  /**
   * What tells these documents from all others: random, made when it is first asked for, the same
   * from every process.
   */
  id(): Promise<string>;
  /** Whether no folder is kept. */
  isEmpty(): Promise<boolean>;
  /**
   * Removes what processes left half done that ended in the middle: all that nobody has touched
   * since `before`.
   */
  sweepUnfinished(before: number): Promise<void>;
  close(): Promise<void>;
}

/** What of the documents is looked at by those who check them. */
export type DocumentsToCheck = Pick<Documents, 'hold' | 'listFolders'>;
