import type { Readable } from 'node:stream';
import type { Credentials, SeenFile, SourceFile } from '../model/source.ts';
import type { Network } from './reach.ts';

/** A file as it is listed; `unfit`: why it is none to take, whatever the pattern says. */
export type ListedFile = SeenFile & { readonly unfit: string | null };

/** A file that is being read. */
export interface Reading {
  readonly stream: Readable;
  /** How it is compressed on its way, as a Content-Encoding. */
  readonly contentEncoding: string | null;
  /** Whether what was read is still what is there: to be asked when all of it has been. */
  isUnchanged(): Promise<boolean>;
  close(): Promise<void>;
}

/** Where a file goes that is moved, beside those that are still to be taken. */
export type Destination = { readonly folder: string; readonly prefix: string };

/** A source that is connected to. Whatever is asked of it ends when its signal aborts. */
export interface OpenSource {
  /** In any order. */
  list(): AsyncIterable<ListedFile>;
  /**
   * Whether a file is whole. UNSURE: that is told by two looks at it, some time apart. A text says
   * what it waits for.
   */
  stateOf(file: SeenFile): Promise<'WHOLE' | 'UNSURE' | { readonly waitsFor: string }>;
  /** The file as it is now; null when it is gone. */
  look(name: string): Promise<SeenFile | null>;
  read(file: SeenFile): Promise<Reading>;
  /**
   * Moves or deletes a file if it is still the same; one that is another, or gone, is left alone.
   */
  move(file: SeenFile, to: Destination): Promise<void>;
  remove(file: SeenFile): Promise<void>;
  close(): Promise<void>;
}

export type Opening = {
  readonly credentials: Credentials;
  readonly network: Network;
  readonly datamartId: string;
  /** Folders that LOCAL sources may lie in. */
  readonly folders: readonly string[];
  readonly settleMs: number;
  readonly clock: () => number;
  readonly signal: AbortSignal;
  /** What last became of a file, to ask for it only if it is another. */
  readonly lastFile: (name: string) => Promise<SourceFile | null>;
  /** Notes the host key of a first connection; resolves to the one that is known. */
  readonly noteHostKey: (hostKey: string) => Promise<string | null>;
  readonly knownHostKey: string | null;
};
