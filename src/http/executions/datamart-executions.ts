import { Type } from 'typebox';
import { findDatamart } from '../access.ts';
import { ok } from '../answers.ts';
import { answersWith, answersWithList, DatamartParams, ExecutionFilterQuery } from '../schemas.ts';
import type { App, HttpDependencies } from '../types.ts';
import { correctionsOf, findExecutionOfDatamart, listExecutions, readExecutionFilter } from './calls.ts';
import { ExecutionView, viewExecution } from './view.ts';

const OneParams = Type.Object({ ...DatamartParams.properties, executionId: Type.String() });

const oneSchema = {
  tags: ['executions'],
  summary: 'Shows an execution of any kind by its id',
  params: OneParams,
  response: answersWith(ExecutionView),
};

const schema = {
  tags: ['executions'],
  summary: 'Lists all executions of a datamart, newest first',
  params: DatamartParams,
  querystring: ExecutionFilterQuery,
  response: answersWithList(ExecutionView),
};

/** The queue of a datamart, and what has gone through it: imports, user lists and reverts alike. */
export function datamartExecutionRoutes(app: App, dependencies: HttpDependencies): void {
  app.get('/datamarts/:datamartId/executions', { config: { role: 'reader' }, schema }, async (request) => {
    const { id } = await findDatamart({ request, dependencies }, request.params.datamartId);
    const filter = readExecutionFilter(id, request.query);
    return listExecutions(dependencies, { filter, query: request.query });
  });
  const one = '/datamarts/:datamartId/executions/:executionId';
  app.get(one, { config: { role: 'reader' }, schema: oneSchema }, async (request) => {
    const looking = { request, dependencies };
    const { datamartId, executionId: id } = request.params;
    const runs = dependencies.progress.runs();
    const execution = await findExecutionOfDatamart(looking, { datamartId, id });
    const corrections = await correctionsOf(dependencies, [execution]);
    return ok(viewExecution(execution, dependencies.clock(), { live: runs.get(id), corrections }));
  });
}
