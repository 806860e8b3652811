import { type Static, Type } from 'typebox';
import { ServiceError } from '../../errors.ts';
import type { Activity } from '../../model/activity.ts';
import { EXECUTION_STATUSES } from '../../model/execution.ts';
import type { ExpectedState } from '../../model/expected-files.ts';
import { EMPTY_SEGMENT_SIZE } from '../../model/records.ts';
import { findDatamart } from '../access.ts';
import { ok } from '../answers.ts';
import { ExpectedView, viewExpected } from '../document-imports/expectation.ts';
import { answersWith, Count, DatamartParams, Id, Instant, instant, nullableText } from '../schemas.ts';
import { KnownSince } from '../segments/change-view.ts';
import type { App, HttpDependencies } from '../types.ts';

const HOUR_MS = 3_600_000;
const DEFAULT_MS = 24 * HOUR_MS;
const MAX_MS = 31 * 24 * HOUR_MS;
/**
 * Of a datamart with thousands of segments those that lost most are told of, and those that changed
 * most.
 */
const MAX_SEGMENTS = 100;

/** Of imports that expect files the most that are told of, those that need somebody first. */
const MAX_EXPECTED = 100;

const Query = Type.Object({
  from: Type.Optional(instant('ms since the epoch, at most 31 days ago; 24 hours ago when it is not given')),
});

const Hour = Type.Object({
  from: Instant,
  to: Type.Integer({ description: 'end, exclusive; ms since the epoch' }),
  lines_applied: Count,
  lines_failed: Count,
});

const SegmentActivity = Type.Object({
  segment_id: Id,
  segment_name: Type.String(),
  segment_technical_name: nullableText(),
  user_points_count_before: Type.Integer({
    minimum: 0,
    description: 'members at `from`, as far as known',
  }),
  user_points_count: Type.Integer({ minimum: 0, description: 'members at `date`' }),
  entries: Count,
  exits: Type.Integer({ minimum: 0, description: 'including expirations, once their rows are removed' }),
});

const ExpectedActivity = Type.Object({
  document_import_id: Id,
  document_import_name: Type.String(),
  ...ExpectedView.properties,
});

export const ActivityView = Type.Object({
  from: Instant,
  date: Instant,
  executions: Type.Object(
    {
      total: Count,
      by_status: Type.Record(Type.String(), Count),
      with_failed_lines: Count,
    },
    { description: 'created since `from`, including dry runs and reverts' },
  ),
  hours: Type.Array(Hour, {
    description:
      'lines of files, without dry runs; the lines of an execution are spread evenly over its running time',
  }),
  segments: Type.Array(SegmentActivity, {
    description: `segments that members entered or left, those that lost the greatest share first; at most ${MAX_SEGMENTS}, those that lost or changed most`,
  }),
  expected_files: Type.Array(ExpectedActivity, {
    description: `imports that expect files, in their current state: first those whose file is missing or late, then those whose last file was not as expected; at most ${MAX_EXPECTED}`,
  }),
  known_since: KnownSince,
});

/** What went on in a datamart lately, from the records of the store. */
export function activityRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, clock } = dependencies;
  const schema = {
    tags: ['executions'],
    summary:
      'Shows the recent activity of a datamart: executions, lines by hour, segments that grew or shrank',
    params: DatamartParams,
    querystring: Query,
    response: answersWith(ActivityView),
  };
  app.get('/datamarts/:datamartId/activity', { config: { role: 'reader' }, schema }, async (request) => {
    const { id: datamartId } = await findDatamart({ request, dependencies }, request.params.datamartId);
    const now = clock();
    const from = readFrom(request.query.from, now);
    const activity = await store.countActivity({ datamartId, from, now });
    return ok({
      ...{ from, date: now, known_since: activity.knownSince },
      executions: viewExecutions(activity),
      hours: activity.hours.map((hour) => ({
        ...{ from: hour.from, to: hour.to, lines_applied: hour.applied, lines_failed: hour.failed },
      })),
      segments: await viewSegments(dependencies, activity, now),
      expected_files: await viewExpectedFiles(dependencies, datamartId),
    });
  });
}

/** Throws INVALID_REQUEST. */
function readFrom(from: number | undefined, now: number): number {
  if (from === undefined) return now - DEFAULT_MS;
  if (from < now && from >= now - MAX_MS) return from;
  throw new ServiceError('INVALID_REQUEST', `from must be in the last 31 days, got ${from}`);
}

function viewExecutions({ executions }: Activity): Static<typeof ActivityView>['executions'] {
  const counts = new Map(executions.map((of) => [of.status, of.executions]));
  return {
    total: executions.reduce((sum, of) => sum + of.executions, 0),
    by_status: Object.fromEntries(EXECUTION_STATUSES.map((status) => [status, counts.get(status) ?? 0])),
    with_failed_lines: executions.reduce((sum, of) => sum + of.withFailedLines, 0),
  };
}

async function viewSegments({ store }: HttpDependencies, { segments: changed }: Activity, now: number) {
  const segments = [...changed]
    .sort((one, other) => lossOf(other) - lossOf(one) || changesOf(other) - changesOf(one))
    .slice(0, MAX_SEGMENTS);
  const sizes = await store.countMembers({ segmentIds: segments.map(({ segmentId }) => segmentId), now });
  const views = await Promise.all(
    segments.map(async ({ segmentId, entries, exits }) => {
      const segment = await store.segments.get(segmentId);
      if (segment === null) return [];
      const { userPoints } = sizes.get(segmentId) ?? EMPTY_SEGMENT_SIZE;
      const view: Static<typeof SegmentActivity> = {
        segment_id: segmentId,
        segment_name: segment.name,
        segment_technical_name: segment.technicalName,
        user_points_count_before: Math.max(0, userPoints - entries + exits),
        user_points_count: userPoints,
        ...{ entries, exits },
      };
      return [view];
    }),
  );
  return views.flat().sort((one, other) => growthOf(one) - growthOf(other));
}

/** What needs somebody most is first. */
const URGENCY: Readonly<Record<ExpectedState, number>> = {
  MISSING: 0,
  LATE: 1,
  CAME_LATE: 3,
  ON_TIME: 4,
  WAITING: 5,
};
const PROBLEM_URGENCY = 2;

async function viewExpectedFiles({ store }: HttpDependencies, datamartId: string) {
  const expecting = await store.documentImports.listExpecting({ datamartId });
  const views = expecting.map((of): Static<typeof ExpectedActivity> => {
    const { id, name } = of.documentImport;
    return { document_import_id: id, document_import_name: name, ...viewExpected(of) };
  });
  return views.sort((one, other) => urgencyOf(one) - urgencyOf(other)).slice(0, MAX_EXPECTED);
}

function urgencyOf({ state, problems }: Static<typeof ExpectedView>): number {
  return problems.length > 0 ? Math.min(PROBLEM_URGENCY, URGENCY[state]) : URGENCY[state];
}

type SegmentChanges = Activity['segments'][number];

function lossOf({ entries, exits }: SegmentChanges): number {
  return Math.max(0, exits - entries);
}

function changesOf({ entries, exits }: SegmentChanges): number {
  return entries + exits;
}

/** As a share of what there was: -1 for a segment that is empty now. */
function growthOf(of: Static<typeof SegmentActivity>): number {
  const { user_points_count_before: before, user_points_count: after } = of;
  return before === 0 ? (after === 0 ? 0 : 1) : (after - before) / before;
}
