import { randomUUID } from 'node:crypto';
import { Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { DATAMART_INPUT, DatamartView, viewDatamart } from '../../model/datamart.ts';
import { membersGiven, schemaOf } from '../../model/record.ts';
import { FIRST_ID } from '../../model/records.ts';
import { authorOf, findDatamart, tokenOf } from '../access.ts';
import { ok, okList, pageOf } from '../answers.ts';
import { answersWith, answersWithList, DatamartParams, Id, Name, PagingQuery } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';

const NewDatamart = Type.Object({
  name: Name,
  organisation_id: Type.Optional(Id),
  token: Type.Optional(Name),
  time_zone: Type.Optional(Type.String({ examples: ['Europe/Paris'] })),
  compartment_id: Type.Optional(Id),
});
const Change = Type.Partial(schemaOf(DATAMART_INPUT));

const tags = ['datamarts'];

export function datamartRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, clock } = dependencies;

  const listSchema = {
    tags,
    summary: 'Lists datamarts',
    querystring: PagingQuery,
    response: answersWithList(DatamartView),
  };
  app.get('/datamarts', { config: { role: 'reader' }, schema: listSchema }, async (request) => {
    const page = pageOf(request.query);
    const listed = await store.datamarts.list({ ids: tokenOf(request).datamartIds, page });
    return okList(listed, page, viewDatamart);
  });

  const postSchema = {
    tags,
    summary: 'Creates a datamart, with a new default compartment unless the request names one',
    body: NewDatamart,
    response: answersWith(DatamartView),
  };
  const everywhere = { role: 'admin', reach: 'ALL_DATAMARTS' } as const;
  app.post('/datamarts', { config: everywhere, schema: postSchema }, async (request) => {
    const { body } = request;
    const created = await store.datamarts.create({
      organisationId: body.organisation_id ?? FIRST_ID,
      name: body.name,
      token: body.token ?? randomUUID(),
      timeZone: readTimeZone(body.time_zone ?? 'UTC'),
      compartmentId: body.compartment_id ?? null,
      now: clock(),
      author: authorOf(request, dependencies),
    });
    return ok(viewDatamart(orConflict(created)));
  });

  const getSchema = {
    tags,
    summary: 'Shows a datamart',
    params: DatamartParams,
    response: answersWith(DatamartView),
  };
  app.get('/datamarts/:datamartId', { config: { role: 'reader' }, schema: getSchema }, async (request) =>
    ok(viewDatamart(await findDatamart({ request, dependencies }, request.params.datamartId))),
  );

  const putSchema = { ...getSchema, summary: 'Changes a datamart, in part or whole', body: Change };
  app.put('/datamarts/:datamartId', { config: { role: 'admin' }, schema: putSchema }, async (request) => {
    const datamart = await findDatamart({ request, dependencies }, request.params.datamartId);
    if (request.body.time_zone !== undefined) readTimeZone(request.body.time_zone);
    const change = membersGiven(DATAMART_INPUT, request.body);
    const updated = await store.datamarts.update(datamart.id, change, authorOf(request, dependencies));
    return ok(viewDatamart(orConflict(updated)));
  });
}

/** The record a store gave, or the refusal its answer stands for. */
export function orConflict<T extends object>(record: T | 'TOKEN_TAKEN' | null): T {
  if (record === null) throw notFound();
  if (record === 'TOKEN_TAKEN')
    throw new ServiceError('CONFLICT', 'token must be unique, another one has it');
  return record;
}

function readTimeZone(name: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return name;
  } catch {
    throw new ServiceError(
      'INVALID_REQUEST',
      `time_zone must be a time zone such as Europe/Paris, got ${JSON.stringify(name.slice(0, 100))}`,
    );
  }
}
