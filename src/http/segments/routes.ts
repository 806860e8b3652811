import { type Static, Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { membersGiven, schemaOf } from '../../model/record.ts';
import { EMPTY_SEGMENT_SIZE } from '../../model/records.ts';
import {
  IMPORTED_SEGMENT,
  SEGMENT_INPUT,
  type Segment,
  type SegmentChange,
  SegmentTypeName,
} from '../../model/segment.ts';
import { authorOf, findDatamart, findSegment } from '../access.ts';
import { ok } from '../answers.ts';
import { answersWith, Id, Name, nullableText } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { SegmentView, viewSegment } from './view.ts';

const Params = Type.Object({ segmentId: Type.String() });
const Owner = { datamart_id: Type.Optional(Id), organisation_id: Type.Optional(Id) };
const OwnerQuery = Type.Object(Owner);
const Change = Type.Partial(schemaOf(SEGMENT_INPUT));
const NewSegment = Type.Object({
  ...Owner,
  type: Type.Optional(SegmentTypeName),
  feed_type: Type.Optional(nullableText({ maxLength: 64 })),
  subtype: Type.Optional(Type.String({ maxLength: 64 })),
  ...Change.properties,
  name: Name,
});

const tags = ['segments'];

/** Segments one at a time; `segment-list.ts` has the list. */
export function segmentRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, documents, clock } = dependencies;
  const path = '/audience_segments/:segmentId';

  async function withSize(segment: Segment) {
    const sizes = await store.countMembers({ segmentIds: [segment.id], now: clock() });
    return ok(viewSegment(segment, sizes.get(segment.id) ?? EMPTY_SEGMENT_SIZE));
  }

  const postSchema = {
    tags,
    summary: 'Creates a segment',
    querystring: OwnerQuery,
    body: NewSegment,
    response: answersWith(SegmentView),
  };
  app.post('/audience_segments', { config: { role: 'editor' }, schema: postSchema }, async (request) => {
    const { body, query } = request;
    const datamartId = body.datamart_id ?? query.datamart_id;
    const organisationId = body.organisation_id ?? query.organisation_id;
    if (datamartId === undefined) throw new ServiceError('INVALID_REQUEST', 'datamart_id is required');
    const datamart = await findDatamart({ request, dependencies }, datamartId);
    if (organisationId !== undefined && organisationId !== datamart.organisationId) throw notFound();
    const type = body.type ?? 'USER_LIST';
    const wanted = {
      ...IMPORTED_SEGMENT,
      organisationId: datamart.organisationId,
      datamartId: datamart.id,
      type,
      feedType: body.feed_type ?? (type === 'USER_LIST' ? 'FILE_IMPORT' : null),
      subtype: body.subtype ?? 'STANDARD',
      name: body.name,
      ...changeOf(body),
      now: clock(),
    };
    const created = await store.segments.create(wanted, authorOf(request, dependencies));
    return ok(viewSegment(orTaken(created, body.technical_name), EMPTY_SEGMENT_SIZE));
  });

  const getSchema = {
    tags,
    summary: 'Shows a segment',
    params: Params,
    response: answersWith(SegmentView),
  };
  app.get(path, { config: { role: 'reader' }, schema: getSchema }, async (request) =>
    withSize(await findSegment({ request, dependencies }, request.params.segmentId)),
  );

  const putSchema = { ...getSchema, summary: 'Changes a segment, in part or whole', body: Change };
  app.put(path, { config: { role: 'editor' }, schema: putSchema }, async (request) => {
    const segment = await findSegment({ request, dependencies }, request.params.segmentId);
    const updated = await store.segments.update(segment.id, changeOf(request.body), {
      now: clock(),
      author: authorOf(request, dependencies),
    });
    if (updated === null) throw notFound();
    return withSize(orTaken(updated, request.body.technical_name));
  });

  const deleteSchema = { ...getSchema, summary: 'Deletes a segment and its memberships' };
  app.delete(path, { config: { role: 'editor' }, schema: deleteSchema }, async (request) => {
    const segment = await findSegment({ request, dependencies }, request.params.segmentId);
    const answer = await withSize(segment);
    const removal = await store.segments.remove(segment.id, authorOf(request, dependencies));
    if (removal === null) throw notFound();
    for (const folder of removal.folders) await documents.remove(folder);
    return answer;
  });
}

function changeOf(body: Static<typeof Change>): SegmentChange {
  const change = membersGiven(SEGMENT_INPUT, body);
  return change.defaultTtlMs === 0 ? { ...change, defaultTtlMs: null } : change;
}

function orTaken(
  segment: Segment | 'TECHNICAL_NAME_TAKEN',
  technicalName: string | null | undefined,
): Segment {
  if (segment !== 'TECHNICAL_NAME_TAKEN') return segment;
  throw new ServiceError(
    'TECHNICAL_NAME_TAKEN',
    `technical_name must be unique in the datamart; another segment already has ${JSON.stringify(technicalName ?? '')}`,
  );
}
