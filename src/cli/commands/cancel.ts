import type { ApiExecution } from '../api.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { executionsPath, OWNER_ARGS } from '../executions.ts';
import { print, printJson } from '../output.ts';
import { readId } from '../read-args.ts';

export const cancel = command({
  name: 'cancel',
  description: 'cancels an execution; what it has applied stays',
  args: {
    execution: { type: 'positional', required: true, description: 'id of the execution' },
    ...OWNER_ARGS,
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: ['muster cancel 17 --import 3', 'muster cancel 18 --segment 5'],
  run: async (args) => {
    const path = `${executionsPath(datamartPath(args.datamart), args)}/${readId(args.execution, 'EXECUTION')}`;
    const execution = await openClient(args).post<ApiExecution>(`${path}/action`, { action: 'CANCEL' });
    if (args.json) printJson(execution);
    else if (execution.status === 'CANCELED') print(`execution ${execution.id} is canceled`);
    else print(`execution ${execution.id} stops at the next safe point`);
    return 0;
  },
});
