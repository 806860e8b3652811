import { type Static, Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { EMPTY_SEGMENT_SIZE, MAX_TECHNICAL_NAME_CHARS, type Segment } from '../../model/records.ts';
import type { SegmentChange } from '../../store/catalogue-records.ts';
import { authorOf, findDatamart, findSegment } from '../access.ts';
import { ok } from '../answers.ts';
import { answersWith, Id, Name, nullableInteger, nullableText, SegmentTypeName } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { SegmentView, viewSegment } from './view.ts';

const Params = Type.Object({ segmentId: Type.String() });
const Editable = {
  short_description: Type.Optional(nullableText({ maxLength: 2_000 })),
  technical_name: Type.Optional(nullableText({ maxLength: MAX_TECHNICAL_NAME_CHARS })),
  default_ttl: Type.Optional(
    nullableInteger({ minimum: 0, maximum: 1e13, description: 'ms; 0 and null: none' }),
  ),
  persisted: Type.Optional(Type.Boolean()),
  paused: Type.Optional(Type.Boolean()),
};
const Owner = { datamart_id: Type.Optional(Id), organisation_id: Type.Optional(Id) };
const OwnerQuery = Type.Object(Owner);
const NewSegment = Type.Object({
  ...Owner,
  type: Type.Optional(SegmentTypeName),
  feed_type: Type.Optional(nullableText({ maxLength: 64 })),
  subtype: Type.Optional(Type.String({ maxLength: 64 })),
  name: Name,
  ...Editable,
});
const Change = Type.Object({ name: Type.Optional(Name), ...Editable });

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
      organisationId: datamart.organisationId,
      datamartId: datamart.id,
      type,
      feedType: body.feed_type ?? (type === 'USER_LIST' ? 'FILE_IMPORT' : null),
      subtype: body.subtype ?? 'STANDARD',
      name: body.name,
      shortDescription: body.short_description ?? null,
      technicalName: body.technical_name ?? null,
      defaultTtlMs: body.default_ttl || null,
      persisted: body.persisted ?? true,
      paused: body.paused ?? false,
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
  return {
    ...(body.name === undefined ? {} : { name: body.name }),
    ...(body.short_description === undefined ? {} : { shortDescription: body.short_description }),
    ...(body.technical_name === undefined ? {} : { technicalName: body.technical_name }),
    ...(body.default_ttl === undefined ? {} : { defaultTtlMs: body.default_ttl || null }),
    ...(body.persisted === undefined ? {} : { persisted: body.persisted }),
    ...(body.paused === undefined ? {} : { paused: body.paused }),
  };
}

function orTaken(
  segment: Segment | 'TECHNICAL_NAME_TAKEN',
  technicalName: string | null | undefined,
): Segment {
  if (segment !== 'TECHNICAL_NAME_TAKEN') return segment;
  throw new ServiceError(
    'TECHNICAL_NAME_TAKEN',
    `technical_name must be unique in the datamart, another segment has ${JSON.stringify(technicalName ?? '')}`,
  );
}
