import { mapAtMost } from '../at-most.ts';
import { passFaultPoint } from '../fault-points.ts';
import { type Checkpoint, type Ending, PLAIN_IMPORT, START } from '../model/execution.ts';
import type { Store } from '../store/store.ts';
import { addErrors } from './error-file.ts';
import { advance, type ImportFiles, readDocument } from './import-document.ts';
import { openAhead } from './open-ahead.ts';
import type { PartLimits, ReadPart } from './parse/part-parser.ts';
import type { OnReaderTrap } from './stage/after-trap.ts';
import type { DocumentSource } from './stage/stage-chunk.ts';
import { stageGroup } from './stage/stage-group.ts';
import { dropStagingTable } from './stage/staging-table.ts';
import { inStep } from './step.ts';
import { fileWarnings, withWarnings } from './warnings.ts';

/**
 * Files of a group that are opened, or written, at the same time: each may be a round trip away.
 */
const FILES_AT_A_TIME = 8;

export type GroupJob = {
  /** Executions that were claimed together, in their order. */
  readonly documents: readonly ImportFiles[];
  readonly datamartId: string;
  readonly startDate: number;
  readonly worker: string;
  /** Of the whole group. */
  readonly limits: PartLimits;
  /** Asked before the merge: true if nothing is to be merged. */
  readonly isStopped: () => boolean;
  /** Called when the reader of plain lines trapped: it resolves to null then. */
  readonly onReaderTrap?: OnReaderTrap;
  readonly ending: (executionId: string, checkpoint: Checkpoint) => Ending & { readonly now: number };
};

/**
 * Imports small documents whole, in one transaction that ends their executions. It is what
 * `importDocument` does to one document after the other, chunk for chunk, but for sharing the
 * transaction and the table, which take longer than ten lines do. Resolves to their checkpoints in
 * their order, or to null where it cannot be done so or would have to be done again: nothing was
 * applied then, and each is to be imported by itself.
 */
export async function importGroup(job: GroupJob, store: Store): Promise<readonly Checkpoint[] | null> {
  const catalogue = await store.datamarts.catalogue(job.datamartId);
  if (!catalogue) throw new Error(`datamart ${job.datamartId} is not there`);
  const sources: DocumentSource[] = [];
  const sameFiles = await store.executions.sameFiles(job.documents.map(({ execution }) => execution.id));
  const inputs = openAhead(
    job.documents.map(({ openInput }) => openInput),
    FILES_AT_A_TIME,
  );
  const staged = await inStep('stage', {}, () =>
    stageGroup({
      count: job.documents.length,
      open: (position, read) => {
        const { execution } = job.documents[position] as ImportFiles;
        return readDocument({ execution, openInput: inputs.take }, (source) => {
          sources[position] = source;
          return read(source);
        });
      },
      limits: job.limits,
      context: { catalogue, startDate: job.startDate },
      staging: store.staging,
      onReaderTrap: job.onReaderTrap,
    }).finally(inputs.close),
  );
  if (staged === null) return null;
  passFaultPoint('group-staged');
  try {
    // what makes segments is done one by one
    if (staged.documents.some((chunk, i) => mayMakeSegments(chunk, job.documents[i]))) return null;
    const errorFiles = await mapAtMost(staged.documents, FILES_AT_A_TIME, ({ errorLines }, position) =>
      addErrors(START, errorLines, (job.documents[position] as ImportFiles).addErrors),
    );
    if (job.isStopped()) return null;
    const { datamartId, startDate, worker, ending } = job;
    const outcome = await inStep('merge', {}, async (span) => {
      const merged = await store.mergeGroup({
        table: staged.table,
        datamartId,
        startDate,
        worker,
        catalogueVersion: catalogue.version,
        documents: staged.documents.map((chunk, position) => {
          const executionId = job.documents[position]?.execution.id ?? '';
          const start = startAt(sources[position], sameFiles.get(executionId));
          const errorFile = errorFiles[position] ?? { errorFileBytes: 0, errorLinesOmitted: 0 };
          return { executionId, to: { ...advance(start, chunk), ...errorFile } };
        }),
        ending,
      });
      span.setAttribute('muster.outcome', merged.type);
      return merged;
    });
    return outcome.type === 'MERGED' ? outcome.checkpoints : null;
  } finally {
    if (staged.table !== null) await dropStagingTable(store.staging, staged.table);
  }
}

function mayMakeSegments({ failuresByCode }: ReadPart, document: ImportFiles | undefined): boolean {
  const { createMissingSegments } = document?.execution.options ?? PLAIN_IMPORT;
  return createMissingSegments && failuresByCode.UNKNOWN_SEGMENT !== undefined;
}

/** The start of a document, with what is warned of before its records are read. */
function startAt(source: DocumentSource | undefined, earlier: string | undefined): Checkpoint {
  if (source === undefined) return START;
  const { format, job } = source;
  return withWarnings(START, fileWarnings({ format, job, earlier }));
}
