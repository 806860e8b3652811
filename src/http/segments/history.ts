import { type Static, Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { boundariesOf, bucketsOf, HISTORY_INTERVALS, type HistoryBucket } from '../../model/history.ts';
import { findSegment } from '../access.ts';
import { ok, okList, pageOf } from '../answers.ts';
import { answersWith, answersWithList, Count, Instant, instant, oneOf, PagingQuery } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { ExecutionChangesView, KnownSince, viewExecutionChanges } from './change-view.ts';

const HOUR_MS = 3_600_000;
/** How far back it goes when nothing is said. */
const DEFAULT_MS = { hour: 48 * HOUR_MS, day: 30 * 24 * HOUR_MS } as const;
const MOST_BUCKETS = 1000;

const Params = Type.Object({ segmentId: Type.String() });
const Query = Type.Object({
  interval: Type.Optional(oneOf(HISTORY_INTERVALS)),
  from: Type.Optional(instant('ms since the epoch; 48 hours or 30 days before `to` when it is not given')),
  to: Type.Optional(instant('ms since the epoch; now when it is not given')),
});
const Bucket = Type.Object({
  from: Instant,
  to: Type.Integer({ description: 'end, exclusive; ms since the epoch' }),
  user_points_count: Type.Integer({ description: 'members at its end' }),
  entries: Count,
  updates: Type.Integer({ minimum: 0, description: 'memberships that stayed with other values' }),
  exits: Type.Integer({ minimum: 0, description: 'including expirations' }),
  expirations: Count,
});
export const HistoryView = Type.Object({
  date: Instant,
  interval: oneOf(HISTORY_INTERVALS),
  time_zone: Type.String({ description: 'time zone of the days; hours are in UTC' }),
  known_since: KnownSince,
  user_points_count: Type.Integer({ minimum: 0, description: 'members at `date`' }),
  history: Type.Array(Bucket),
});
const tags = ['segments'];

/** What happened to the memberships of a segment, by time and by execution. */
export function segmentHistoryRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, clock } = dependencies;
  const config = { role: 'reader' } as const;

  const historySchema = {
    tags,
    summary: 'Shows the size, entries, exits and updates of a segment by hour or day',
    params: Params,
    querystring: Query,
    response: answersWith(HistoryView),
  };
  app.get('/audience_segments/:segmentId/history', { config, schema: historySchema }, async (request) => {
    const now = clock();
    const segment = await findSegment({ request, dependencies }, request.params.segmentId);
    const datamart = await store.datamarts.get(segment.datamartId);
    if (datamart === null) throw notFound();
    const interval = request.query.interval ?? 'day';
    const { timeZone } = datamart;
    const boundaries = readBoundaries(request.query, { interval, timeZone, now });
    const changes = await store.countChanges({ segmentId: segment.id, from: boundaries[0] ?? now, now });
    return ok({
      date: now,
      interval,
      time_zone: timeZone,
      known_since: changes.knownSince,
      user_points_count: changes.size,
      history: bucketsOf(changes, { boundaries, now }).map(viewBucket),
    });
  });

  const list = answersWithList(ExecutionChangesView);
  const executionsSchema = {
    tags,
    summary: 'Lists the executions that changed memberships of a segment, newest first',
    params: Params,
    querystring: PagingQuery,
    response: { ...list, 200: Type.Object({ ...list[200].properties, known_since: KnownSince }) },
  };
  app.get(
    '/audience_segments/:segmentId/executions',
    { config, schema: executionsSchema },
    async (request) => {
      const segment = await findSegment({ request, dependencies }, request.params.segmentId);
      const page = pageOf(request.query);
      const listed = await store.listChangingExecutions({ segmentId: segment.id, page });
      return { ...okList(listed, page, viewExecutionChanges), known_since: listed.knownSince };
    },
  );
}

/** Throws INVALID_REQUEST. */
function readBoundaries(
  query: Static<typeof Query>,
  { interval, timeZone, now }: { interval: 'hour' | 'day'; timeZone: string; now: number },
): readonly number[] {
  // what happens now is within it
  const end = now + 1;
  const to = Math.min(query.to ?? end, end);
  const from = query.from ?? Math.max(0, to - DEFAULT_MS[interval]);
  if (query.to !== undefined && query.to <= from)
    throw new ServiceError('INVALID_REQUEST', `from must be before to, got ${from} and ${query.to}`);
  if (from >= to) return [];
  const boundaries = boundariesOf({ interval, from, to, timeZone, most: MOST_BUCKETS });
  if (boundaries !== null) return boundaries;
  throw new ServiceError(
    'INVALID_REQUEST',
    `from and to must be at most ${MOST_BUCKETS} ${interval}s apart, got ${from} and ${to}`,
  );
}

function viewBucket({ size, ...bucket }: HistoryBucket): Static<typeof Bucket> {
  return { ...bucket, user_points_count: size };
}
