import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Budget, createBudget } from '../../documents/budget.ts';
import type { Decoder } from '../../documents/decoder.ts';
import type { Spool } from '../../documents/spool.ts';
import { ServiceError } from '../../errors.ts';
import type { Mapping } from '../../model/mapping.ts';
import { invalidParquet, isParquet, MAGIC_BYTES } from '../start/parquet-start.ts';
import type { ParquetAnswer, ParquetJob } from './parquet-program.ts';

/** What DuckDB may hold to read one file. Pages of the usual writers have a MiB. */
const READER_BYTES = 512 * 1024 * 1024;
/** Readers at the same time in a service: each is a process. */
const MOST_READERS = 2;
/** Less than proxies and clients wait for an answer. */
const WAIT_MS = 30_000;
/** The longest between two blocks of rows; real files take milliseconds. */
const BLOCK_DEADLINE_MS = 60_000;

const READERS = createBudget(MOST_READERS);

export type ParquetReading = {
  readonly createSpool: () => Spool;
  readonly mapping: Mapping | null;
  /** Whether a file without a row is taken. */
  readonly allowEmpty: boolean;
  readonly readers?: Budget;
  readonly waitMs?: number;
  readonly blockDeadlineMs?: number;
};

/**
 * Writes the rows of a Parquet file as NDJSON, one line each; what is no Parquet passes as it is.
 * From there on the file is one of NDJSON: its checkpoints, its error file, what is hashed and what
 * is erased of it.
 *
 * A Parquet file has its schema at its end. So it is put aside in a file without a name, which is
 * gone with the process.
 */
export function decodeParquetInTurn(reading: ParquetReading): Decoder {
  const { createSpool, readers = READERS, waitMs = WAIT_MS } = reading;
  return async function* (source) {
    const { head, all } = await readHead(source);
    if (!isParquet(head)) {
      yield* all;
      return;
    }
    const spool = createSpool();
    try {
      await spool.write(all);
      const giveBack = await readers.take(1, waitMs);
      if (giveBack === null) throw overloaded('too many Parquet files are being read');
      try {
        yield* rowsOf(spool.descriptor(), reading);
      } finally {
        giveBack();
      }
    } finally {
      await spool.discard();
    }
  };
}

/** As many bytes as tell what the file is, and all of them. */
async function readHead(source: AsyncIterable<Buffer>) {
  const chunks = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < MAGIC_BYTES) {
    const next = await chunks.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      if (head.length > 0) yield head;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
    } finally {
      // not awaited: a sender who stands still would hold up the answer
      chunks.return?.().catch(() => {});
    }
  }
  return { head, all: all() };
}

async function* rowsOf(
  descriptor: number,
  { mapping, allowEmpty, blockDeadlineMs = BLOCK_DEADLINE_MS }: ParquetReading,
): AsyncGenerator<Buffer> {
  const reader = startReader(descriptor);
  const ended = endOf(reader);
  let isLate = false;
  const watch = () => {
    const end = () => {
      isLate = true;
      reader.kill('SIGKILL');
    };
    return setTimeout(end, blockDeadlineMs);
  };
  let timer = watch();
  try {
    const job: ParquetJob = { file: FILE, mapping, memoryBytes: READER_BYTES };
    // one that ended before it was asked says so by its end
    reader.send(job, () => {});
    for await (const block of reader.stdout ?? []) {
      clearTimeout(timer);
      yield block as Buffer;
      timer = watch();
    }
    const { answer, how } = await ended;
    if (isLate) throw overloaded('reading the Parquet file takes too long');
    if (answer === null) throw invalidParquet(`it ends whatever reads it (${how})`);
    if (answer.type === 'FAULT') throw new Error(`a Parquet file cannot be read: ${answer.message}`);
    if (answer.type === 'REFUSED') throw refused(answer);
    if (answer.rows > 0) return;
    if (!allowEmpty) throw emptyParquet();
    // what is kept is a file, if one without a record
    yield Buffer.from('\n');
  } finally {
    clearTimeout(timer);
    reader.kill('SIGKILL');
    // the file is closed by whoever opened it, and not under its reader
    await ended;
  }
}

/** Of what a reader inherits: standard input, output, error, and the channel come before it. */
const FILE_AT = 4;
const FILE = `/dev/fd/${FILE_AT}`;

/**
 * Starts the program beside this file: JavaScript when built; TypeScript, which Node 20 does not
 * load, from the sources.
 */
function startReader(descriptor: number): ChildProcess {
  const here = String(import.meta.url);
  const isBuilt = !here.endsWith('.ts');
  const program = new URL(isBuilt ? './parquet-program.js' : './parquet-program.ts', here);
  const loader = isBuilt ? [] : ['--import', import.meta.resolve('tsx')];
  return spawn(process.execPath, [...loader, fileURLToPath(program)], {
    stdio: ['ignore', 'pipe', 'ignore', 'ipc', descriptor],
    // no credentials: whoever takes a reader over by a file has none
    env: {},
  });
}

/** What a reader said, and how it ended. Never rejects. */
async function endOf(
  reader: ChildProcess,
): Promise<{ readonly answer: ParquetAnswer | null; readonly how: string }> {
  let answer: ParquetAnswer | null = null;
  // the first one is told below; whatever follows it is of no interest
  reader.on('error', () => {});
  reader.on('message', (message) => {
    answer = message as ParquetAnswer;
  });
  try {
    const [code, signal] = (await once(reader, 'close')) as [number | null, string | null];
    return { answer, how: signal ?? `exit code ${code}` };
  } catch (fault) {
    // it could not be started
    return { answer: { type: 'FAULT', message: String(fault) }, how: 'it did not start' };
  }
}

function refused({ code, message }: Extract<ParquetAnswer, { type: 'REFUSED' }>): ServiceError {
  return code === 'INVALID_PARQUET' ? invalidParquet(message) : new ServiceError(code, message);
}

function emptyParquet(): ServiceError {
  return new ServiceError('EMPTY_FILE', 'the file must hold a row (allow_empty=false), got none');
}

/** A busy machine is as slow as a forged file is: the sender may try again. */
function overloaded(why: string): ServiceError {
  return new ServiceError('OVERLOADED', `${why}: try again soon`);
}
