import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { notFound, ServiceError } from '../../errors.ts';
import { SelectionView, viewSelection } from '../../model/datamart.ts';
import { authorOf, findDatamart, tokenOf } from '../access.ts';
import { ok, okList, pageOf } from '../answers.ts';
import { answersWith, answersWithList, DatamartParams, Id, isId, PagingQuery } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';

const Selection = Type.Object({ compartment_id: Id, default: Type.Optional(Type.Boolean()) });
const SelectionParams = Type.Object({ datamartId: Type.String(), selectionId: Type.String() });
const Change = Type.Object({ default: Type.Optional(Type.Boolean()) });
const PATH = '/datamarts/:datamartId/compartments';
const MOST_SELECTIONS = 10_000;
const tags = ['compartments'];

/** Which compartments a datamart uses, and which of them is its default. */
export function selectionRoutes(app: App, dependencies: HttpDependencies): void {
  const { store } = dependencies;

  async function select(
    request: FastifyRequest,
    wanted: { datamartId: string; compartmentId: string; isDefault: boolean },
  ) {
    await findDatamart({ request, dependencies }, wanted.datamartId);
    // the answer shows its name and token, which may be another datamart's
    const compartment = await store.compartments.get(wanted.compartmentId, tokenOf(request).datamartIds);
    if (compartment === null) throw notFound();
    const selection = await store.compartments.select({ ...wanted, author: authorOf(request, dependencies) });
    if (selection === null) throw notFound();
    if (selection === 'NO_DEFAULT') {
      throw new ServiceError(
        'CONFLICT',
        'a datamart must have a default compartment: make another one the default instead',
      );
    }
    return ok(viewSelection(selection));
  }

  const listSchema = {
    tags,
    summary: 'Lists the compartments that a datamart uses',
    params: DatamartParams,
    querystring: PagingQuery,
    response: answersWithList(SelectionView),
  };
  // The same list under both names that clients know.
  for (const path of [PATH, '/datamarts/:datamartId/user_account_compartments']) {
    app.get(path, { config: { role: 'reader' }, schema: listSchema }, async (request) => {
      const datamart = await findDatamart({ request, dependencies }, request.params.datamartId);
      const page = pageOf(request.query);
      return okList(await store.compartments.listSelections(datamart.id, page), page, viewSelection);
    });
  }

  const postSchema = {
    tags,
    summary: 'Selects a compartment for a datamart',
    params: DatamartParams,
    body: Selection,
    response: answersWith(SelectionView),
  };
  for (const method of ['POST', 'PUT'] as const) {
    app.route({
      method,
      url: PATH,
      config: { role: 'admin' },
      schema: postSchema,
      handler: (request) =>
        select(request, {
          datamartId: request.params.datamartId,
          compartmentId: request.body.compartment_id,
          isDefault: request.body.default ?? false,
        }),
    });
  }

  const putSchema = {
    tags,
    summary: 'Changes the selection of a compartment',
    params: SelectionParams,
    body: Change,
    response: answersWith(SelectionView),
  };
  app.put(`${PATH}/:selectionId`, { config: { role: 'admin' }, schema: putSchema }, async (request) => {
    const { datamartId, selectionId } = request.params;
    await findDatamart({ request, dependencies }, datamartId);
    if (!isId(selectionId)) throw notFound();
    const page = { firstResult: 0, maxResults: MOST_SELECTIONS };
    const { elements } = await store.compartments.listSelections(datamartId, page);
    const selection = elements.find(({ id }) => id === selectionId);
    if (selection === undefined) throw notFound();
    const { compartmentId, isDefault } = selection;
    return select(request, { datamartId, compartmentId, isDefault: request.body.default ?? isDefault });
  });
}
