import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { notFound } from '../../errors.ts';
import {
  COMPARTMENT_INPUT,
  type Compartment,
  CompartmentView,
  viewCompartment,
} from '../../model/datamart.ts';
import { membersGiven, schemaOf } from '../../model/record.ts';
import { FIRST_ID } from '../../model/records.ts';
import { authorOf, tokenOf } from '../access.ts';
import { ok, okList, pageOf } from '../answers.ts';
import { answersWith, answersWithList, Id, isId, Name, Paging } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { orConflict } from './routes.ts';

const Query = Type.Object({ ...Paging, organisation_id: Type.Optional(Id) });
const Params = Type.Object({ compartmentId: Type.String() });
const NewCompartment = Type.Object({
  organisation_id: Type.Optional(Id),
  name: Name,
  token: Type.Optional(Name),
});
const Change = Type.Partial(schemaOf(COMPARTMENT_INPUT));
const PATH = '/user_account_compartments';
const MOST_DATAMARTS = 10_000;
const tags = ['compartments'];

/**
 * Compartments of organisations; `selections.ts` has which of them a datamart uses. A token for
 * some datamarts sees those that they use: the name and token of another datamart's compartment are
 * that datamart's.
 */
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
    const compartment = isId(id) ? await store.compartments.get(id, tokenOf(request).datamartIds) : null;
    if (compartment === null) throw notFound();
    return compartment;
  }

  const listSchema = {
    tags,
    summary: 'Lists compartments',
    querystring: Query,
    response: answersWithList(CompartmentView),
  };
  app.get(PATH, { config: { role: 'reader' }, schema: listSchema }, async (request) => {
    const organisationId = request.query.organisation_id ?? null;
    if (organisationId !== null) {
      const visible = await visibleOrganisations(request);
      if (visible?.has(organisationId) === false) throw notFound();
    }
    const page = pageOf(request.query);
    const { datamartIds } = tokenOf(request);
    const listed = await store.compartments.list({ organisationId, datamartIds, page });
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
    const change = membersGiven(COMPARTMENT_INPUT, request.body);
    const updated = await store.compartments.update(compartment.id, change, authorOf(request, dependencies));
    return ok(viewCompartment(orConflict(updated)));
  });
}
