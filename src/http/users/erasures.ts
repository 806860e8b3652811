import { Type } from 'typebox';
import { notFound } from '../../errors.ts';
import { ErasureView, viewErasure } from '../../model/erasure.ts';
import { authorOf, findDatamart } from '../access.ts';
import { ok, okList, pageOf } from '../answers.ts';
import { answersWith, answersWithList, DatamartParams, isId, PagingQuery, Selector } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { inCompartment } from './routes.ts';
import { parseSelector, selectorText } from './selector.ts';

const UserParams = Type.Object({
  datamartId: Type.String(),
  '*': Selector,
});
const Params = Type.Object({ datamartId: Type.String(), erasureId: Type.String() });
const PATH = '/datamarts/:datamartId/erasures';
const tags = ['users'];

/** Removal of users, and what became of it. */
export function erasureRoutes(app: App, dependencies: HttpDependencies): void {
  const { store, documents, clock } = dependencies;
  const config = { role: 'admin' } as const;

  const deleteSchema = {
    tags,
    summary: 'Erases a user: the user point, its identifiers, its memberships, and its lines in stored files',
    params: UserParams,
    response: answersWith(ErasureView),
  };
  app.delete('/datamarts/:datamartId/user_points/*', { config, schema: deleteSchema }, async (request) => {
    const datamart = await findDatamart({ request, dependencies }, request.params.datamartId);
    const selector = selectorText(request.raw.url ?? '', 'user_points');
    // those are lists, which nobody can delete
    if (/\/(user_segments|user_identifiers)$/.test(selector)) throw notFound();
    const user = await inCompartment(dependencies, datamart.id, parseSelector(selector));
    const author = authorOf(request, dependencies);
    const erased = await store.eraseUser({ datamartId: datamart.id, user, now: clock(), author });
    if (erased === null) throw notFound();
    // the user may be in exports; they can be made again
    const folders = await store.exports.forgetFiles({ datamartId: datamart.id });
    for (const folder of folders) await documents.remove(folder);
    return ok(viewErasure(erased));
  });

  const listSchema = {
    tags,
    summary: 'Lists erasures, newest first; the erased users are not named',
    params: DatamartParams,
    querystring: PagingQuery,
    response: answersWithList(ErasureView),
  };
  app.get(PATH, { config, schema: listSchema }, async (request) => {
    const datamart = await findDatamart({ request, dependencies }, request.params.datamartId);
    const page = pageOf(request.query);
    return okList(await store.erasures.list({ datamartId: datamart.id, page }), page, viewErasure);
  });

  const getSchema = { tags, summary: 'Shows an erasure', params: Params, response: answersWith(ErasureView) };
  app.get(`${PATH}/:erasureId`, { config, schema: getSchema }, async (request) => {
    const { datamartId, erasureId } = request.params;
    const datamart = await findDatamart({ request, dependencies }, datamartId);
    const erasure = isId(erasureId) ? await store.erasures.get(erasureId) : null;
    if (erasure?.datamartId !== datamart.id) throw notFound();
    return ok(viewErasure(erasure));
  });
}
