import { type Static, Type } from 'typebox';
import { notFound } from '../../errors.ts';
import type { Erasure } from '../../model/erasure.ts';
import { authorOf, findDatamart } from '../access.ts';
import { ok, okList, pageOf } from '../answers.ts';
import {
  answersWith,
  answersWithList,
  Count,
  DatamartParams,
  Id,
  Instant,
  isId,
  nullableInteger,
  nullableText,
  oneOf,
  PagingQuery,
  Selector,
} from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { inCompartment } from './routes.ts';
import { parseSelector, selectorText } from './selector.ts';

export const ErasureView = Type.Object({
  id: Id,
  datamart_id: Id,
  status: oneOf(['PENDING', 'DONE']),
  creation_date: Instant,
  end_date: nullableInteger(),
  user_id: nullableText({ description: 'id of the token that asked for it' }),
  identifiers_removed: Count,
  memberships_removed: Count,
  executions_left: Type.Integer({
    minimum: 0,
    description: 'executions whose files are still to be cleaned, including those that have not ended',
  }),
  files_rewritten: Count,
  lines_removed: Count,
});

export function viewErasure(of: Erasure): Static<typeof ErasureView> {
  return {
    id: of.id,
    datamart_id: of.datamartId,
    status: of.status,
    creation_date: of.creationDate,
    end_date: of.endDate,
    user_id: of.userId,
    identifiers_removed: of.identifiers,
    memberships_removed: of.memberships,
    executions_left: of.executionsLeft,
    files_rewritten: of.filesRewritten,
    lines_removed: of.linesRemoved,
  };
}

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
