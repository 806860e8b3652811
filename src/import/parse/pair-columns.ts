import type { Command } from '../../model/command.ts';
import { KIND_BIT } from '../../model/identifier.ts';
import type { PlainLines } from '../document-format.ts';
import { createPlainHost, openPlainLines, type PlainSource } from './plain-lines.ts';
import type { ReaderModule } from './reader-module.ts';

/** Rows of a DuckDB vector, and so of what crosses into it at once. */
export const VECTOR_ROWS = 2048;

/**
 * A `duckdb_string_t` (duckdb.h): the length, then up to 12 bytes, or the first 4 and where the
 * whole text lies.
 */
export const ENTRY_BYTES = 16;
export const ENTRY_WORDS = 4;
export const INLINE_BYTES = 12;

let placed = 0;

/** Where in `PairBatch.columns` a column begins that has so many bits a row. */
function place(bits: number): number {
  const at = placed;
  placed += (bits * VECTOR_ROWS) / 8;
  return at;
}

/**
 * The columns of a batch, each as DuckDB's vectors have it; of a mask a bit is 1 where the row is
 * not null. wasm/layout.ts has the same places.
 */
export const PLACES = {
  line: place(64),
  compartmentId: place(64),
  segmentId: place(64),
  expiresAt: place(64),
  value: place(8 * ENTRY_BYTES),
  dataBag: place(8 * ENTRY_BYTES),
  keyHi: place(64),
  keyLo: place(64),
  kind: place(8),
  isUpdate: place(8),
  expiresAtMask: place(1),
  dataBagMask: place(1),
} as const;
const COLUMN_BYTES = placed;

/**
 * At most VECTOR_ROWS pairs as columns. Of longer texts an entry says where in `texts` they begin.
 */
export type PairBatch = {
  readonly rows: number;
  readonly columns: Uint8Array<ArrayBuffer>;
  readonly texts: Uint8Array<ArrayBuffer>;
};

/** Gathers pairs as columns, with the keys of their users. */
export interface PairColumns {
  /** To be called first: whose users they are. */
  open(datamartId: string): void;
  /** Begins a command, whose segments are added one by one. */
  begin(command: Pick<Command, 'identifier' | 'dataBag'>): void;
  /** Adds the command that was begun last, for one segment. `expiresAt` of 0 is never. */
  add(line: number, segmentId: number, isUpdate: boolean, expiresAt: number): void;
  /** Reads plain lines; `onFull` empties the columns. */
  readLines(source: PlainSource, onFull: () => void): PlainLines['take'];
  readonly rows: () => number;
  /** Whether they can be used no longer. */
  readonly hasTrapped: () => boolean;
  readonly isFull: () => boolean;
  /** What was added, good until the next call; there is nothing in the columns then. */
  take(): PairBatch;
  /** Forgets what was added. */
  clear(): void;
}

const encoder = new TextEncoder();
/** Columns that nobody is using: the memory of each has several MiB, of which little is touched. */
const free: PairColumns[] = [];

/** Takes columns, which are to be given back. */
export function takeColumns(): PairColumns {
  return free.pop() ?? createPairColumns();
}

export function giveBackColumns(columns: PairColumns): void {
  if (columns.hasTrapped()) return;
  columns.clear();
  free.push(columns);
}

function createPairColumns(): PairColumns {
  const host = createPlainHost();
  const { module } = host;

  function write(text: string, at: number): number {
    const { read, written } = encoder.encodeInto(text, module.bytes().subarray(at));
    if (read < text.length) throw new RangeError('a text is longer than a record can be');
    return written;
  }

  return {
    open: (datamartId) => module.openDatamart(module.write(encoder.encode(datamartId))),
    begin: ({ identifier: { kind, compartmentId, value }, dataBag }) => {
      const at = module.beginRow(KIND_BIT[kind], Number(compartmentId));
      const valueBytes = write(value, at);
      module.endTexts(valueBytes, dataBag === null ? 0 : write(dataBag, at + valueBytes));
    },
    add: (line, segmentId, isUpdate, expiresAt) =>
      module.addPair(line, segmentId, isUpdate ? 1 : 0, expiresAt),
    readLines: (source, onFull) => openPlainLines(host, source, onFull),
    rows: () => module.rowCount(),
    hasTrapped: () => host.hasTrapped,
    isFull: () => module.isBatchFull() !== 0,
    take: () => takeBatch(module),
    clear: () => module.clearBatch(),
  };
}

function takeBatch(module: ReaderModule): PairBatch {
  const rows = module.rowCount();
  const used = module.finishBatch();
  module.clearBatch();
  const bytes = module.bytes();
  const [columnsAt, textsAt] = [module.columnsAt(), module.textsAt()];
  // it crosses as one text, and a short one would lie in its entry. What is left behind it of
  // earlier texts may begin within a character, and a text that is no UTF-8 makes the row null
  if (used < ENTRY_BYTES) bytes.fill(0, textsAt + used, textsAt + ENTRY_BYTES);
  return {
    rows,
    columns: bytes.subarray(columnsAt, columnsAt + COLUMN_BYTES),
    texts: bytes.subarray(textsAt, textsAt + Math.max(used, ENTRY_BYTES)),
  };
}
