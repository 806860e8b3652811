import { Type } from 'typebox';
import { findDatamart } from '../access.ts';
import type { HttpDependencies } from '../dependencies.ts';
import { listExecutions } from '../execution-calls.ts';
import { ExecutionView } from '../execution-view.ts';
import { answersWithList, DatamartParams, ExecutionsQuery } from '../schemas.ts';
import type { App } from '../types.ts';

const schema = {
  tags: ['executions'],
  summary: 'Lists the executions of a datamart, whatever they are of, newest first',
  params: DatamartParams,
  querystring: Type.Object(ExecutionsQuery.properties),
  response: answersWithList(ExecutionView),
};

/** The queue of a datamart, and what has gone through it: imports, user lists and reverts alike. */
export function datamartExecutionRoutes(app: App, dependencies: HttpDependencies): void {
  app.get('/datamarts/:datamartId/executions', { config: { role: 'reader' }, schema }, async (request) => {
    const { id } = await findDatamart({ request, dependencies }, request.params.datamartId);
    return listExecutions(dependencies, { filter: { datamartId: id }, query: request.query });
  });
}
