import {
  type Checked,
  type Checkpoint,
  type CreatedSegment,
  NO_EFFECTS,
  type ReplaceOptions,
  type SegmentEffect,
  START,
} from '../model/execution.ts';
import type { Store } from '../store/store.ts';
import {
  type ChunkTaker,
  type ImportJob,
  type ImportOutcome,
  importDocument,
  missingSegmentsOf,
} from './import-document.ts';
import { type MissingSegments, planSegments, standInPosition } from './new-segments.ts';

/**
 * What was decided about a file as a whole: where its execution ends, and why nothing of it is
 * applied, if so.
 */
export type Decided = {
  readonly checkpoint: Checkpoint;
  readonly refusal: string | null;
  /** Of a dry run: those that would be made. */
  readonly segmentsCreated?: readonly CreatedSegment[];
};

/**
 * `onChecked` is called as the file is read of which nothing is applied yet; what it gives is
 * awaited at the end of the file.
 */
export type WholeJob = ImportJob & { readonly onChecked: (checked: Checked) => Promise<void> };

/**
 * Imports a document about which something is to be decided before any of it can be seen, or that
 * is only to be counted. What was read for that is kept nowhere: after a crash it is read again.
 * Once the file is being applied its checkpoint says that this was decided, and it goes on as any
 * other.
 */
export async function importWhole(job: WholeJob, store: Store): Promise<ImportOutcome | Decided> {
  const { dryRun, maxFailureRatio, replace } = job.execution.options;
  if (replace !== null) {
    // it is applied with the checkpoint at the end of the file, or not at all
    if (job.execution.checkpoint.offset > 0) return 'DONE';
    return replaceSegments(job, store, replace);
  }
  if (dryRun) return rehearse(job, store);
  if (maxFailureRatio !== null && job.execution.checkpoint.offset === 0) {
    const read = await readThrough({ ...job, missingSegments: plannedSegments(job) }, store, TALLY);
    if (typeof read === 'string') return read;
    const refusal = tooManyFailures(read, maxFailureRatio);
    if (refusal !== null) return refused(read, refusal);
  }
  return importDocument(job, store);
}

/** Counts chunks without looking at what they would do. */
const TALLY: ChunkTaker = {
  needs: 'TALLY',
  firstChunkShare: 1,
  mergeChunk: async ({ to }) => ({ type: 'MERGED', checkpoint: { ...to, effects: NO_EFFECTS } }),
};

async function rehearse(job: WholeJob, store: Store): Promise<ImportOutcome | Decided> {
  const rehearsal = await store.openRehearsal();
  const missing = plannedSegments(job);
  try {
    const read = await readThrough({ ...job, missingSegments: missing }, store, {
      needs: 'TABLES',
      // what a chunk supersedes is counted chunk by chunk: the same chunks as the run then has
      firstChunkShare: store.firstChunkShare,
      mergeChunk: rehearsal.mergeChunk,
    });
    if (typeof read === 'string') return read;
    const refusal = tooManyFailures(read, job.execution.options.maxFailureRatio);
    if (refusal !== null) return refused(read, refusal);
    return told({ ...read, segments: await rehearsal.segments() }, missing);
  } finally {
    await rehearsal.close();
  }
}

async function replaceSegments(
  job: WholeJob,
  store: Store,
  replace: ReplaceOptions,
): Promise<ImportOutcome | Decided> {
  const { dryRun, maxFailureRatio } = job.execution.options;
  for (;;) {
    const replacement = await store.openReplacement();
    const missing = plannedSegments(job);
    try {
      const read = await readThrough({ ...job, missingSegments: missing }, store, {
        needs: 'TABLES',
        firstChunkShare: 1,
        mergeChunk: replacement.mergeChunk,
      });
      if (typeof read === 'string') return read;
      const refusal =
        nothingToReplace(read, replace) ??
        tooManyFailures(read, maxFailureRatio) ??
        (await notReplaceable(job, store, replace));
      if (refusal !== null) return refused(read, refusal);
      const { segmentIds, maxShrinkRatio } = replace;
      const isReplaced = ({ segmentId }: SegmentEffect) => segmentIds?.includes(segmentId) ?? true;
      const judge = ({ segments = [] }: Checkpoint) =>
        tooMuchShrinkage(segments.filter(isReplaced), maxShrinkRatio);
      const isPlanned = missing !== null && missing.names().length > 0;
      const purpose = dryRun || isPlanned ? 'COUNT' : 'APPLY';
      const outcome = await replacement.apply({ purpose, segmentIds, judge });
      if (outcome.type === 'MERGED' && isPlanned && !dryRun) {
        // the guards let it pass: its segments are made, and it is read anew with their ids
        await missingSegmentsOf(job, store)?.take(missing.names());
        continue;
      }
      if (outcome.type === 'MERGED') return told(outcome.checkpoint, missing);
      if (outcome.type === 'REFUSED') return refused(read, outcome.reason);
      if (outcome.type === 'LEASE_LOST') return 'LEASE_LOST';
      // the catalogue has changed since the first chunk: the file is read anew
      if (job.signal.aborted) return 'STOPPED';
    } finally {
      await replacement.close();
    }
  }
}

/** What a dry run tells of segments that would be made, and a replacement before they are. */
function plannedSegments({ execution }: ImportJob): MissingSegments | null {
  return execution.options.createMissingSegments ? planSegments() : null;
}

/**
 * The end of a file of which nothing is refused; segments that would be made are named in place of
 * their stand-ins.
 */
function told(checkpoint: Checkpoint, missing: MissingSegments | null): Decided {
  const names = missing?.names() ?? [];
  if (names.length === 0) return { checkpoint, refusal: null };
  const segments = (checkpoint.segments ?? []).map((effect): SegmentEffect => {
    const technicalName = names[standInPosition(effect.segmentId) ?? names.length];
    return technicalName === undefined ? effect : { ...effect, technicalName };
  });
  return {
    checkpoint: { ...checkpoint, segments },
    refusal: null,
    segmentsCreated: names.map((technicalName) => ({ segmentId: null, technicalName })),
  };
}

function nothingToReplace({ successes }: Checkpoint, { segmentIds }: ReplaceOptions): string | null {
  if (successes > 0 || segmentIds !== null) return null;
  return 'mode=replace expects a command that names a segment, or segment_id, and no command of the file is valid';
}

/** Segments can be deleted or paused between the upload and here. */
async function notReplaceable(
  { execution }: ImportJob,
  store: Store,
  { segmentIds }: ReplaceOptions,
): Promise<string | null> {
  const catalogue = await store.datamarts.catalogue(execution.datamartId);
  for (const id of segmentIds ?? []) {
    const segment = catalogue?.segmentById.get(id);
    if (segment === undefined) return `segment ${id}, which was to be replaced, no longer exists`;
    if (segment.paused) return `segment ${id}, which was to be replaced, is paused`;
  }
  return null;
}

/** The first segment that would lose more than it may. */
function tooMuchShrinkage(segments: readonly SegmentEffect[], most: number | null): string | null {
  for (const { segmentId, sizeBefore, sizeAfter } of segments) {
    const lost = (sizeBefore - sizeAfter) / Math.max(1, sizeBefore);
    if (most === null ? lost < 1 : lost <= most) continue;
    const limit = most === null ? '' : `max_shrink_ratio is ${most}, and `;
    const sizes = `segment ${segmentId} would go from ${sizeBefore} members to ${sizeAfter}`;
    return `${limit}${sizes} (${lost.toFixed(4)} less), which takes max_shrink_ratio=${leastRatio(lost)}`;
  }
  return null;
}

/** The least ratio of four digits that allows what has this one. */
function leastRatio(ratio: number): number {
  const rounded = Number(ratio.toFixed(4));
  return rounded >= ratio ? rounded : Number((rounded + 0.0001).toFixed(4));
}

/**
 * Reads a document from start to end, with its error file; resolves to where that has come, or why
 * it has not.
 */
async function readThrough(
  job: WholeJob,
  store: Store,
  taker: ChunkTaker,
): Promise<Checkpoint | Exclude<ImportOutcome, 'DONE'>> {
  let last = START;
  let noted = Promise.resolve();
  const onCheckpoint = (checkpoint: Checkpoint) => {
    last = checkpoint;
    noted = job.onChecked({ bytes: checkpoint.offset, commands: checkpoint.successes + checkpoint.failures });
  };
  const outcome = await importDocument({ ...job, taker, onCheckpoint }, store);
  // or the start of what follows would be shown as that of the check
  await noted;
  return outcome === 'DONE' ? last : outcome;
}

function tooManyFailures({ successes, failures }: Checkpoint, most: number | null): string | null {
  const ratio = failures / Math.max(1, successes + failures);
  if (most === null || ratio <= most) return null;
  const failed = `${failures} of ${successes + failures} commands failed (${ratio.toFixed(4)})`;
  return `max_failure_ratio is ${most}, and ${failed}, which takes max_failure_ratio=${leastRatio(ratio)}`;
}

/**
 * Where a file ends of which nothing is applied: all its commands are counted, and those that
 * failed stand in the error file.
 */
function refused(read: Checkpoint, refusal: string): Decided {
  const checkpoint = { ...read, successes: 0, notApplied: read.successes, pairs: 0, effects: NO_EFFECTS };
  return { checkpoint, refusal: `${refusal}: nothing of the file was applied` };
}
