import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { notFound } from '../../errors.ts';
import { type Compartment, FIRST_ID } from '../../model/records.ts';
import { authorOf, isId, tokenOf } from '../access.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { ok, okList } from '../envelope.ts';
import { pageOf } from '../paging.ts';
import { answersWith, answersWithList, Id, Name, Paging } from '../schemas.ts';
import type { App } from '../types.ts';
import { CompartmentView, viewCompartment } from '../views.ts';
import { orConflict } from './datamarts.ts';

const Query = Type.Object({ ...Paging, organisation_id: Type.Optional(Id) });
const Params = Type.Object({ compartmentId: Type.String() });
const NewCompartment = Type.Object({
  organisation_id: Type.Optional(Id),
  name: Name,
  token: Type.Optional(Name),
});
const Change = Type.Object({
  name: Type.Optional(Name),
  token: Type.Optional(Name),
  archived: Type.Optional(Type.Boolean()),
});
const PATH = '/user_account_compartments';
const MOST_DATAMARTS = 10_000;
const tags = ['compartments'];

/** Compartments of organisations; `selections.ts` has which of them a datamart uses. */
export function compartmentRoutes(app: App, dependencies: HttpDependencies): void {
  const { store } = dependencies;
  const everywhere = { role: 'admin', reach: 'ALL_DATAMARTS' } as const;

  /** Ids of the organisations whose datamarts the token may see, or null for all. */
  async function visibleOrganisations(request: FastifyRequest): Promise<ReadonlySet<string> | null> {
    const ids = tokenOf(request).datamartIds;
    if (ids === null) return null;
    const page = { firstResult: 0, maxResults: MOST_DATAMARTS };
    const { elements } = await store.datamarts.list({ ids, page });
    return new Set(elements.map(({ organisationId }) => organisationId));
  }

  async function find(request: FastifyRequest, id: string): Promise<Compartment> {
    const compartment = isId(id) ? await store.compartments.get(id) : null;
    const visible = await visibleOrganisations(request);
    if (compartment === null || visible?.has(compartment.organisationId) === false) throw notFound();
    return compartment;
  }

  const listSchema = {
    tags,
    summary: 'Lists compartments',
    querystring: Query,
    response: answersWithList(CompartmentView),
  };
  app.get(PATH, { config: { role: 'reader' }, schema: listSchema }, async (request) => {
    const visible = await visibleOrganisations(request);
    const asked = request.query.organisation_id;
    if (asked !== undefined && visible?.has(asked) === false) throw notFound();
    const organisationId = asked ?? (visible === null ? null : ([...visible][0] ?? '0'));
    const page = pageOf(request.query);
    const listed = await store.compartments.list({ organisationId, page });
    return okList(listed, page, viewCompartment);
  });

  const postSchema = {
    tags,
    summary: 'Creates a compartment',
    body: NewCompartment,
    response: answersWith(CompartmentView),
  };
  app.post(PATH, { config: everywhere, schema: postSchema }, async (request) => {
    const { organisation_id, name, token } = request.body;
    const created = await store.compartments.create({
      organisationId: organisation_id ?? FIRST_ID,
      name,
      token: token ?? randomUUID(),
      author: authorOf(request, dependencies),
    });
    return ok(viewCompartment(orConflict(created)));
  });

  const getSchema = {
    tags,
    summary: 'Shows a compartment',
    params: Params,
    response: answersWith(CompartmentView),
  };
  app.get(`${PATH}/:compartmentId`, { config: { role: 'reader' }, schema: getSchema }, async (request) =>
    ok(viewCompartment(await find(request, request.params.compartmentId))),
  );

  const putSchema = { ...getSchema, summary: 'Changes a compartment, in part or whole', body: Change };
  app.put(`${PATH}/:compartmentId`, { config: everywhere, schema: putSchema }, async (request) => {
    const compartment = await find(request, request.params.compartmentId);
    const { name, token, archived } = request.body;
    const change = {
      ...(name === undefined ? {} : { name }),
      ...(token === undefined ? {} : { token }),
      ...(archived === undefined ? {} : { archived }),
    };
    const updated = await store.compartments.update(compartment.id, change, authorOf(request, dependencies));
    return ok(viewCompartment(orConflict(updated)));
  });
}
