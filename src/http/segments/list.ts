import { type Static, Type } from 'typebox';
import { ServiceError } from '../../errors.ts';
import { EMPTY_SEGMENT_SIZE } from '../../model/records.ts';
import { SEGMENT_ORDERS, type SegmentFilter, type SegmentOrder } from '../../store/catalogue-records.ts';
import { findDatamart, tokenOf } from '../access.ts';
import { listOf, okList, pageOf } from '../answers.ts';
import { answersWithList, Id, Paging } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { SegmentView, viewSegment } from './view.ts';

const Query = Type.Object({
  ...Paging,
  datamart_id: Type.Optional(Id),
  organisation_id: Type.Optional(Id),
  technical_name: Type.Optional(Type.String()),
  keywords: Type.Optional(Type.String()),
  type: Type.Optional(Type.String({ description: 'one or several, comma-separated' })),
  feed_type: Type.Optional(
    Type.String({ description: 'one or several, comma-separated; types without a feed always match' }),
  ),
  subtype: Type.Optional(Type.String()),
  persisted: Type.Optional(Type.Boolean()),
  order_by: Type.Optional(
    Type.String({ description: `${SEGMENT_ORDERS.join(', ')}; prefix - for descending order` }),
  ),
});

/** `GET /audience_segments`. */
export function segmentListRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, clock } = dependencies;
  const schema = {
    tags: ['segments'],
    summary: 'Lists segments',
    querystring: Query,
    response: answersWithList(SegmentView),
  };
  app.get('/audience_segments', { config: { role: 'reader' }, schema }, async (request) => {
    const { query } = request;
    const wanted = query.datamart_id;
    // A datamart that may not be seen is refused like one that is not there.
    if (wanted !== undefined) await findDatamart({ request, dependencies }, wanted);
    const datamartIds = wanted === undefined ? tokenOf(request).datamartIds : [wanted];
    const page = pageOf(query);
    const now = clock();
    const listed = await store.segments.list({
      filter: { datamartIds, ...filterOf(query) },
      order: readOrder(query.order_by),
      page,
      now,
    });
    const segmentIds = listed.elements.map(({ id }) => id);
    const sizes = await store.countMembers({ segmentIds, now });
    return okList(listed, page, (segment) =>
      viewSegment(segment, sizes.get(segment.id) ?? EMPTY_SEGMENT_SIZE),
    );
  });
}

function filterOf(query: Static<typeof Query>): Omit<SegmentFilter, 'datamartIds'> {
  const types = listOf(query.type);
  const feedTypes = listOf(query.feed_type);
  return {
    ...(query.organisation_id === undefined ? {} : { organisationId: query.organisation_id }),
    ...(query.technical_name === undefined ? {} : { technicalName: query.technical_name }),
    ...(query.keywords === undefined ? {} : { keywords: query.keywords }),
    ...(types === undefined ? {} : { types }),
    ...(feedTypes === undefined ? {} : { feedTypes }),
    ...(query.subtype === undefined ? {} : { subtype: query.subtype }),
    ...(query.persisted === undefined ? {} : { persisted: query.persisted }),
  };
}

function readOrder(orderBy: string | undefined): SegmentOrder {
  const descending = orderBy?.startsWith('-') ?? false;
  const name = descending ? orderBy?.slice(1) : (orderBy ?? 'id');
  const by = SEGMENT_ORDERS.find((candidate) => candidate === name);
  if (by !== undefined) return { by, descending };
  throw new ServiceError(
    'INVALID_REQUEST',
    `order_by must be one of ${SEGMENT_ORDERS.join(', ')}, with - before it for descending, got ${JSON.stringify(orderBy)}`,
  );
}
