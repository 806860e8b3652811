import type { FileHandle } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { MimeType } from '../model/records.ts';

/** A file that was received and is durable, but that no execution refers to yet. */
export type ReceivedDocument = {
  /** Name of its folder, random. */
  readonly folder: string;
  /** Decompressed length in bytes. */
  readonly bytes: number;
  /** SHA-256 of the decompressed bytes, hex. */
  readonly sha256: string;
};

export type DocumentFile = 'input' | 'errors' | 'export';

export type KeptFolder = {
  readonly folder: string;
  /** When something in it was last created or removed. */
  readonly modifiedAt: number;
};

export interface DocumentsHold {
  /** Opens a file to read it, also one that was removed since; null when there is none. */
  open(folder: string, file: DocumentFile): Promise<FileHandle | null>;
  release(): Promise<void>;
}

/**
 * Uploaded files and their error files, kept in one folder each. Files are whole or absent: a folder that no execution
 * refers to is an upload that was never acknowledged, and is swept.
 */
export interface Documents {
  /** By the clock of the file system: a folder that was modified before is of an earlier process. */
  readonly openedAt: number;
  /**
   * Streams an upload to disk: decompresses, counts, hashes, checks what can be told at once, and makes it durable.
   * Throws `ServiceError` EMPTY_FILE, FILE_TOO_LARGE, NOT_NDJSON, INVALID_HEADER, UNSUPPORTED_CONTENT_ENCODING,
   * INVALID_COMPRESSION, REQUEST_TIMEOUT or INSUFFICIENT_STORAGE, and then keeps nothing; whatever else ends the stream early leaves nothing either.
   *
   * `profile` chooses which columns a CSV header may have: see `import/csv-header.ts`.
   */
  receive(upload: {
    readonly stream: Readable;
    readonly mimeType: MimeType;
    /** Value of Content-Encoding, or null. */
    readonly contentEncoding: string | null;
    readonly profile: 'COMMANDS' | 'USER_LIST';
  }): Promise<ReceivedDocument>;
  /**
   * Keeps a file that the service makes itself, as `export` of a new folder, whole and durable when it resolves. `write`
   * writes it under the path it gets; what it leaves when it rejects is removed.
   */
  make<T>(write: (path: string) => Promise<T>): Promise<{ folder: string; bytes: number; written: T }>;
  /**
   * Throws `ServiceError` INSUFFICIENT_STORAGE when a file of so many bytes would leave less room on the disk than is to
   * be kept free. `receive` sees to it too, while the file grows.
   */
  requireRoom(bytes: number): Promise<void>;
  /** Bytes that are free on the disk of the files. */
  freeBytes(): Promise<number>;
  /**
   * Keeps what is removed from here on, for those who read it, until the last hold has been released; it is gone from
   * `path` and `listFolders` at once.
   */
  hold(): Promise<DocumentsHold>;
  /** Absolute path of a kept file, whether it exists or not. */
  path(folder: string, file: DocumentFile): string;
  /** Replaces a kept file, whole or not at all, durably when it resolves; `false` when it is gone. */
  replace(folder: string, file: DocumentFile, content: AsyncIterable<Buffer>): Promise<boolean>;
  /** Removes a folder and its files; one that is gone already is no error. */
  remove(folder: string): Promise<void>;
  /**
   * Every kept folder, in no order. An upload's folder is there before its execution is: what sweeps orphans leaves
   * young ones of this process alone.
   */
  listFolders(): Promise<readonly KeptFolder[]>;
}

/** What of the documents is looked at by those who check them. */
export type DocumentsToCheck = Pick<Documents, 'hold' | 'listFolders'>;
