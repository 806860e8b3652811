import { passFaultPoint } from '../fault-points.ts';
import type { AnsweredCall, CommandCall } from '../model/command-call.ts';
import { type CreatedSegment, MAX_NEW_SEGMENTS, pairsOf } from '../model/execution.ts';
import type { CallsOutcome, StagedCall } from '../store/merges.ts';
import type { Store } from '../store/store.ts';
import type { OnReaderTrap } from './stage/after-trap.ts';
import { type ReadCall, stageCalls } from './stage/stage-calls.ts';
import { dropStagingTable } from './stage/staging-table.ts';

/** A call whose commands are lines of NDJSON. */
export type LinesOfCall = Pick<CommandCall, 'key' | 'makeSegments'> & { readonly lines: Buffer };

export type CallsJob = {
  readonly datamartId: string;
  readonly purpose: 'APPLY' | 'COUNT';
  /**
   * In the order in which they are applied. No two have the same key; of those that are only
   * counted there is one.
   */
  readonly calls: readonly LinesOfCall[];
  readonly clock: () => number;
  /** Called when the reader of plain lines trapped: the reference parser reads the calls then. */
  readonly onReaderTrap?: OnReaderTrap;
};

/** A call that has no answer yet. */
type Open = {
  readonly call: LinesOfCall;
  readonly position: number;
  /** What it has made so far. */
  readonly created: CreatedSegment[];
};

/**
 * Applies calls together, in one transaction; resolves to their answers, in their order, when that
 * is durable. What was answered before under its key is left out.
 */
export async function importCalls(
  job: CallsJob,
  store: Store,
): Promise<readonly (AnsweredCall | 'KEY_REUSED')[]> {
  const answers: (AnsweredCall | 'KEY_REUSED')[] = [];
  let open = job.calls.map((call, position): Open => ({ call, position, created: [] }));
  let startFrom = 0;
  while (open.length > 0) {
    const { outcome, staged } = await mergeOnce({ job, open, startFrom }, store);
    if (outcome.type === 'STALE') {
      startFrom = outcome.startFrom;
    } else if (outcome.type === 'ANSWERED') {
      for (const [i, answer] of outcome.answers)
        answers[positionOf(open, i)] = answer === 'KEY_REUSED' ? answer : { ...answer, isReplayed: true };
      open = open.filter(({ position }) => answers[position] === undefined);
    } else {
      for (const [i, effects] of outcome.effects.entries()) {
        const { pairs, answer } = staged[i] as StagedCall;
        if (pairsOf(effects, { reverts: null }) !== pairs)
          throw new Error('the counts of a call do not add up; its commands have been applied');
        answers[positionOf(open, i)] = { ...answer, effects, isReplayed: false };
      }
      open = [];
    }
  }
  return answers;
}

function positionOf(open: readonly Open[], i: number): number {
  return (open[i] as Open).position;
}

async function mergeOnce(
  { job, open, startFrom }: { readonly job: CallsJob; readonly open: readonly Open[]; startFrom: number },
  store: Store,
): Promise<{ readonly outcome: CallsOutcome; readonly staged: readonly StagedCall[] }> {
  const { datamartId, purpose, clock } = job;
  const catalogue = await store.datamarts.catalogue(datamartId);
  if (!catalogue) throw new Error(`datamart ${datamartId} is not there`);
  const startDate = Math.max(clock(), startFrom);
  const { table, calls: read } = await stageCalls({
    calls: open.map(({ call, created }) => ({
      lines: call.lines,
      mostSegments: call.makeSegments === null ? 0 : MAX_NEW_SEGMENTS - created.length,
    })),
    context: { catalogue, startDate },
    staging: store.staging,
    onReaderTrap: job.onReaderTrap,
  });
  passFaultPoint('calls-staged');
  try {
    if (purpose === 'APPLY' && (await makeMissing(open, read)))
      return { outcome: { type: 'STALE', startFrom }, staged: [] };
    const staged = read.map((call, i) => toStaged(call, { startDate, ...(open[i] as Open) }));
    const outcome = await store.mergeCalls({
      ...{ table, datamartId, startDate, purpose },
      catalogueVersion: catalogue.version,
      calls: staged,
    });
    return { outcome, staged };
  } finally {
    if (table !== null) await dropStagingTable(store.staging, table);
  }
}

/**
 * Makes the segments that calls name and that are not there; false when there are none, and what
 * was read can be merged.
 */
async function makeMissing(open: readonly Open[], read: readonly ReadCall[]): Promise<boolean> {
  let isAny = false;
  for (const [i, { newSegments }] of read.entries()) {
    const { call, created } = open[i] as Open;
    if (newSegments.length === 0 || call.makeSegments === null) continue;
    isAny = true;
    created.push(...(await call.makeSegments(newSegments)));
  }
  return isAny;
}

function toStaged(
  { pairs, successes, failed, warnings, newSegments }: ReadCall,
  { startDate, call, created }: Open & { readonly startDate: number },
): StagedCall {
  // those that are only counted are not made
  const planned = newSegments.map((technicalName) => ({ segmentId: null, technicalName }));
  const segmentsCreated = [...created, ...planned];
  return {
    pairs,
    answer: { startDate, successes, failed, warnings: warnings.counts, segmentsCreated },
    key: call.key,
  };
}
