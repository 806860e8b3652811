import { Type } from 'typebox';
import { ServiceError } from '../../errors.ts';
import { formatUuid, parseUuid, type UuidHalves } from '../../model/identifier.ts';
import { findSegment } from '../access.ts';
import { ok, okList, pageOf } from '../answers.ts';
import { answersWith, answersWithList, Count, Instant, nullableText, Paging } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { MemberView, viewMember } from './view.ts';

const Params = Type.Object({ segmentId: Type.String() });
const Query = Type.Object({
  max_results: Paging.max_results,
  first_result: Type.Optional(
    Type.Integer({
      ...{ minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
      description: 'must be 0: use `after` for the next page',
    }),
  ),
  after: Type.Optional(Type.String({ description: '`after` of the previous page' })),
});
const After = nullableText({ description: 'start of the next page; null: this is the last one' });
export const ExpirationsView = Type.Object({
  date: Instant,
  user_points_count: Count,
  expirations: Type.Array(
    Type.Object({
      days: Count,
      until: Instant,
      user_points_count: Type.Integer({
        description: 'memberships that expire by then, including those of earlier days',
      }),
    }),
  ),
});

const DAYS = [1, 7, 30, 90] as const;
const DAY_MS = 86_400_000;
const tags = ['segments'];

/** Who is in a segment, and how many leave when. */
export function memberRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, clock } = dependencies;
  const config = { role: 'reader' } as const;

  async function sizeOf(segmentId: string, now: number): Promise<number> {
    const sizes = await store.countMembers({ segmentIds: [segmentId], now });
    return sizes.get(segmentId)?.userPoints ?? 0;
  }

  const list = answersWithList(MemberView);
  const membersSchema = {
    tags,
    summary: 'Lists the members of a segment, by user point',
    description: 'Paging with `after` neither skips nor repeats a member while others come and go.',
    params: Params,
    querystring: Query,
    response: { ...list, 200: Type.Object({ ...list[200].properties, after: After }) },
  };
  app.get('/audience_segments/:segmentId/members', { config, schema: membersSchema }, async (request) => {
    const segment = await findSegment({ request, dependencies }, request.params.segmentId);
    const { query } = request;
    if (query.first_result) {
      throw new ServiceError(
        'INVALID_REQUEST',
        `first_result must be 0 here: use after for the next page, got ${query.first_result}`,
      );
    }
    const now = clock();
    const page = pageOf(query);
    const after = readCursor(query.after);
    // one more tells whether there is another page
    const most = page.maxResults + 1;
    const found = await store.listMembers({ segmentId: segment.id, after, most, now });
    const elements = found.slice(0, page.maxResults);
    const last = found.length > page.maxResults ? elements.at(-1)?.userPointId : undefined;
    const listed = { elements, total: await sizeOf(segment.id, now) };
    return { ...okList(listed, page, viewMember), after: last === undefined ? null : formatUuid(last) };
  });

  const expirationsSchema = {
    tags,
    summary: 'Counts the memberships that expire in the next 1, 7, 30 and 90 days',
    params: Params,
    response: answersWith(ExpirationsView),
  };
  app.get(
    '/audience_segments/:segmentId/expirations',
    { config, schema: expirationsSchema },
    async (request) => {
      const { id: segmentId } = await findSegment({ request, dependencies }, request.params.segmentId);
      const now = clock();
      const until = DAYS.map((days) => now + days * DAY_MS);
      const counts = await store.countExpiring({ segmentId, now, until });
      return ok({
        date: now,
        user_points_count: await sizeOf(segmentId, now),
        expirations: DAYS.map((days, at) => ({
          days,
          until: until[at] ?? now,
          user_points_count: counts[at] ?? 0,
        })),
      });
    },
  );
}

function readCursor(after: string | undefined): UuidHalves | null {
  if (after === undefined) return null;
  const cursor = parseUuid(after);
  if (cursor !== null) return cursor;
  throw new ServiceError(
    'INVALID_REQUEST',
    `after must be the UUID that the previous page gave, got ${JSON.stringify(after.slice(0, 60))}`,
  );
}
