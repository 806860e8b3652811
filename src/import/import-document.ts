import { passFaultPoint } from '../fault-points.ts';
import type { Checkpoint, Execution, FailuresByCode, RunProgress } from '../model/execution.ts';
import type { FileReader } from '../model/file-reader.ts';
import { fileWarning } from '../model/warning.ts';
import type { MergeOutcome, PreparedChunk } from '../store/merges.ts';
import type { Store } from '../store/store.ts';
import { addErrors, type ErrorFile, type ErrorFilePosition, errorFilePositionOf } from './error-file.ts';
import { type MissingSegments, makeSegments } from './new-segments.ts';
import type { PartLimits, ReadPart } from './parse/part-parser.ts';
import { readFormat } from './read-format.ts';
import type { OnReaderTrap } from './stage/after-trap.ts';
import { type Chunk, type DocumentSource, stageChunk } from './stage/stage-chunk.ts';
import { dropStagingTable } from './stage/staging-table.ts';
import { inStep } from './step.ts';
import { fileWarnings, withWarnings } from './warnings.ts';

/** The least share of a chunk that is staged again after it went stale: some ms of work. */
const LEAST_SHARE = 1 / 256;

/**
 * How an import ended: at the end of the file, where it was told to stop, or because another worker
 * has it.
 */
export type ImportOutcome = 'DONE' | 'STOPPED' | 'LEASE_LOST';

/** An execution and its files. */
export type ImportFiles = {
  readonly execution: Execution;
  /** Opens its document; null when it is gone. */
  readonly openInput: () => Promise<FileReader | null>;
  /** Keeps a part of its error file, durable when it resolves to the name. */
  readonly addErrors: (content: Buffer) => Promise<string>;
};

export type ImportJob = ImportFiles & {
  readonly worker: string;
  readonly limits: PartLimits;
  /** Looked at between two chunks. */
  readonly signal: AbortSignal;
  /**
   * Awaited before a chunk is merged and the next one is read: it may take a while. STOPPED:
   * neither is done.
   */
  readonly beforeChunk?: () => Promise<'READY' | 'STOPPED'>;
  /** Called when a chunk is durable. */
  readonly onCheckpoint: (checkpoint: Checkpoint) => void;
  /** Called as the document is read and merged, often, also between checkpoints. */
  readonly onProgress?: (progress: RunProgress) => void;
  /** Called when the reader of plain lines trapped: the chunk is read by the reference parser. */
  readonly onReaderTrap?: OnReaderTrap;
  /** What takes the chunks, if not the store itself. */
  readonly taker?: ChunkTaker;
  /** What becomes of the names of segments that are not there; null: their lines fail. */
  readonly missingSegments?: MissingSegments | null;
};

export type ChunkTaker = Pick<Store, 'mergeChunk' | 'prepareChunk' | 'firstChunkShare'> & {
  /** TALLY: chunks are only checked and counted, and have no tables. */
  readonly needs: 'TABLES' | 'TALLY';
};

/**
 * Imports a document from its checkpoint to its end: the one loop over a file. Each chunk is
 * staged, its failed lines become a part of the error file, and it is merged together with the
 * checkpoint after it, which names that part; while one is merged the next is staged. Whatever ends
 * the process in between, the same call goes on with the same result.
 *
 * Throws faults of the documents and the store only. What is wrong with the file's lines is
 * counted, never thrown.
 */
export async function importDocument(job: ImportJob, store: Store): Promise<ImportOutcome> {
  const missingSegments = job.missingSegments ?? missingSegmentsOf(job, store);
  return readDocument(job, (source) => importChunks({ ...job, missingSegments }, store, source));
}

/** Makes segments in the store as the file names them, if that is asked for. */
export function missingSegmentsOf({ execution, worker }: ImportJob, store: Store): MissingSegments | null {
  if (!execution.options.createMissingSegments) return null;
  const { id: executionId, startDate: now } = toMerge(execution);
  const names = execution.segmentsCreated.map(({ technicalName }) => technicalName);
  return makeSegments(names, async (technicalNames) => {
    const isHeld = await store.segments.createMissing({ executionId, worker, technicalNames, now });
    passFaultPoint('segments-created');
    if (!isHeld) throw new Error(`execution ${executionId} is no longer held`);
  });
}

/** Opens the document of an execution for as long as `read` takes. */
export async function readDocument<T>(
  { execution, openInput }: Pick<ImportFiles, 'execution' | 'openInput'>,
  read: (source: DocumentSource) => Promise<T>,
): Promise<T> {
  const file = await openInput();
  if (file === null) throw new Error(`the input file of execution ${execution.id} is not there`);
  try {
    const format = await readFormat(file, execution);
    return await read({ file, bytes: execution.document.bytes, format, job: execution.job });
  } finally {
    await file.close();
  }
}

async function importChunks(job: ImportJob, store: Store, source: DocumentSource): Promise<ImportOutcome> {
  const ready = (from: ChunkStart, share: number) => makeReady(job, store, source, { from, share });
  let checkpoint = await startOf(job, store, source);
  /**
   * Cut to a quarter when a chunk went stale: what changes often must not keep a file from coming
   * forward.
   */
  let share = shareAfter(job, store, checkpoint);
  let next = await ready(fromCheckpoint(checkpoint), share);
  for (;;) {
    const { chunk } = next;
    if ((await job.beforeChunk?.()) === 'STOPPED') {
      await letGo(store, next);
      return 'STOPPED';
    }
    const nextShare = shareAfter(job, store, advance(checkpoint, chunk));
    const following =
      chunk.isLast || job.signal.aborted ? null : inBackground(ready(behind(chunk, checkpoint), nextShare));
    let outcome: MergeOutcome;
    try {
      outcome = await mergeReady(job, store, { next, checkpoint });
    } catch (error) {
      await discard(store, following);
      throw error;
    }
    if (outcome.type !== 'MERGED') {
      await discard(store, following);
      if (outcome.type === 'LEASE_LOST') return 'LEASE_LOST';
      if (job.signal.aborted) return 'STOPPED';
      share = Math.max(share / 4, LEAST_SHARE);
      next = await ready(fromCheckpoint(checkpoint), share);
      continue;
    }
    share = nextShare;
    checkpoint = outcome.checkpoint;
    job.onCheckpoint(checkpoint);
    if (chunk.isLast) return 'DONE';
    if (job.signal.aborted) {
      await discard(store, following);
      return 'STOPPED';
    }
    next = await (following ?? ready(fromCheckpoint(checkpoint), share));
  }
}

/**
 * Where a chunk begins, in its document and in the error file, and how many commands are before it.
 */
type ChunkStart = Chunk['to'] & { readonly errorsFrom: ErrorFilePosition; readonly commandsBefore: number };

function fromCheckpoint(checkpoint: Checkpoint): ChunkStart {
  const { offset, line, successes, failures } = checkpoint;
  return {
    ...{ offset, line, errorsFrom: errorFilePositionOf(checkpoint) },
    commandsBefore: successes + failures,
  };
}

/** Known before the chunk is merged; `checkpoint` is the one before it. */
function behind({ to, errorLines, ...chunk }: Chunk, { successes, failures }: Checkpoint): ChunkStart {
  const commandsBefore = successes + failures + chunk.successes + chunk.failures;
  return { ...to, errorsFrom: errorLines.to, commandsBefore };
}

/**
 * Where an import goes on; at the start of a file with what its header and its content as a whole
 * give warnings of.
 */
async function startOf(
  { execution }: ImportJob,
  store: Store,
  { format, job }: DocumentSource,
): Promise<Checkpoint> {
  const { id, checkpoint } = execution;
  if (checkpoint.offset > 0) return checkpoint;
  const earlier = (await store.executions.sameFiles([id])).get(id);
  return withWarnings(checkpoint, fileWarnings({ format, job, earlier }));
}

/**
 * How large the chunk after a checkpoint is: as large as all before it together, within what the
 * store asks for and a full chunk. The checkpoint alone says it, so that who goes on cuts the file
 * where the one before would have.
 */
function shareAfter(
  { taker, limits }: ImportJob,
  store: Store,
  { offset, pairs }: Pick<Checkpoint, 'offset' | 'pairs'>,
): number {
  const done = Math.max(offset / limits.bytes, pairs / limits.rows);
  return Math.min(1, Math.max((taker ?? store).firstChunkShare, done));
}

/**
 * Makes a chunk durable: first its failed lines, then its commands and the checkpoint after them in
 * one step.
 */
async function mergeReady(
  job: ImportJob,
  store: Store,
  { next, checkpoint }: { next: ReadyChunk; checkpoint: Checkpoint },
): Promise<MergeOutcome> {
  const { chunk, prepared } = next;
  const merge = prepared === null ? (job.taker ?? store).mergeChunk : prepared.merge;
  passFaultPoint('chunk-staged');
  try {
    const errorFile = await addErrors(checkpoint, chunk.errorLines, job.addErrors);
    return await inStep('merge', { 'muster.pairs': chunk.pairs }, async (span) => {
      const outcome = await merge({
        table: chunk.table,
        namedTable: chunk.namedTable ?? null,
        execution: toMerge(job.execution),
        worker: job.worker,
        catalogueVersion: chunk.catalogueVersion,
        from: checkpoint,
        to: { ...advance(checkpoint, chunk), ...errorFile },
      });
      span.setAttribute('muster.outcome', outcome.type);
      return outcome;
    });
  } finally {
    await letGo(store, next);
  }
}

/** A staged chunk, with what was done of its merge if the store does some of that ahead. */
type ReadyChunk = { readonly chunk: Chunk; readonly prepared: PreparedChunk | null };

async function makeReady(
  job: ImportJob,
  store: Store,
  source: DocumentSource,
  of: { from: ChunkStart; share: number },
): Promise<ReadyChunk> {
  const chunk = await stageFrom(job, store, source, of);
  const { prepareChunk } = job.taker ?? store;
  try {
    const toPrepare = { table: chunk.table, execution: toMerge(job.execution) };
    return { chunk, prepared: (await prepareChunk?.(toPrepare)) ?? null };
  } catch (error) {
    await dropTable(store, chunk);
    throw error;
  }
}

/** Stages a chunk; again with their ids where it names segments that are made of their names. */
async function stageFrom(
  job: ImportJob,
  store: Store,
  source: DocumentSource,
  of: { from: ChunkStart; share: number },
): Promise<Chunk> {
  for (;;) {
    const chunk = await stageOnce(job, store, source, of);
    const { newSegments } = chunk;
    try {
      if (newSegments.length === 0 || (await job.missingSegments?.take(newSegments)) !== 'READ_AGAIN')
        return chunk;
    } catch (error) {
      await dropTable(store, chunk);
      throw error;
    }
    await dropTable(store, chunk);
  }
}

async function stageOnce(
  job: ImportJob,
  store: Store,
  source: DocumentSource,
  { from, share }: { from: ChunkStart; share: number },
): Promise<Chunk> {
  const { commandsBefore } = from;
  const { datamartId, startDate } = toMerge(job.execution);
  const catalogue = await store.datamarts.catalogue(datamartId);
  if (!catalogue) throw new Error(`datamart ${datamartId} of execution ${job.execution.id} is not there`);
  return inStep('stage', { 'muster.from_line': from.line + 1 }, async (span) => {
    const chunk = await stageChunk({
      source,
      from: { offset: from.offset, line: from.line },
      errorsFrom: from.errorsFrom,
      limits: {
        ...job.limits,
        bytes: Math.ceil(job.limits.bytes * share),
        rows: Math.ceil(job.limits.rows * share),
      },
      context: { catalogue, startDate },
      staging: job.taker?.needs === 'TALLY' ? null : store.staging,
      newSegments: job.missingSegments?.start(),
      keepsNamed: job.execution.options.replace !== null,
      onReaderTrap: job.onReaderTrap,
      onRead: ({ offset, commands }) =>
        job.onProgress?.({ step: 'READING', bytes: offset, commands: commandsBefore + commands }),
    });
    const commands = commandsBefore + chunk.successes + chunk.failures;
    job.onProgress?.({ step: 'MERGING', bytes: chunk.to.offset, commands });
    span.setAttributes({
      'muster.bytes': chunk.to.offset - chunk.from.offset,
      'muster.commands': chunk.successes + chunk.failures,
      'muster.failures': chunk.failures,
    });
    return chunk;
  });
}

function toMerge({ id, datamartId, startDate }: Execution): {
  id: string;
  datamartId: string;
  startDate: number;
} {
  if (startDate === null) throw new Error(`execution ${id} has not been started`);
  return { id, datamartId, startDate };
}

/** The checkpoint after a chunk, as far as it is known before the merge. */
export function advance(from: Checkpoint, chunk: ReadPart): Omit<Checkpoint, 'effects' | keyof ErrorFile> {
  const failuresByCode: Record<string, number> = { ...from.failuresByCode };
  for (const [code, failures] of Object.entries(chunk.failuresByCode)) {
    failuresByCode[code] = (failuresByCode[code] ?? 0) + failures;
  }
  const { warnings } = withWarnings(from, chunk.warnings);
  const to = {
    offset: chunk.to.offset,
    line: chunk.to.line,
    successes: from.successes + chunk.successes,
    failures: from.failures + chunk.failures,
    notApplied: from.notApplied,
    failuresByCode: failuresByCode as FailuresByCode,
    pairs: from.pairs + chunk.pairs,
    ...(warnings === undefined ? {} : { warnings }),
  };
  const hasCommands = to.successes + to.failures > 0;
  return chunk.isLast && !hasCommands ? withWarnings(to, fileWarning('NO_COMMANDS')) : to;
}

/**
 * Marks a promise as looked after: it is awaited later, and its failure must not end the process
 * before that.
 */
function inBackground<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

/**
 * Waits for a chunk that will not be merged, and drops it. Whatever happened to it no longer
 * matters.
 */
async function discard(store: Store, following: Promise<ReadyChunk> | null): Promise<void> {
  const ready = await following?.catch(() => null);
  if (ready) await letGo(store, ready);
}

async function letGo(store: Store, { chunk, prepared }: ReadyChunk): Promise<void> {
  try {
    await prepared?.close();
  } finally {
    await dropTable(store, chunk);
  }
}

async function dropTable(store: Store, chunk: Chunk): Promise<void> {
  for (const table of [chunk.table, chunk.namedTable ?? null])
    if (table !== null) await dropStagingTable(store.staging, table);
}
