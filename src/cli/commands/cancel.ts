import type { ApiExecution } from '../api.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, openClient } from '../connection.ts';
import { locateExecution, OWNER_ARGS } from '../executions.ts';
import { print, printJson } from '../output.ts';

export const cancel = command({
  name: 'cancel',
  description: 'cancels an execution; what it has already applied stays',
  args: {
    execution: { type: 'positional', required: true, description: 'id of the execution' },
    ...OWNER_ARGS,
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: ['muster cancel 17'],
  run: async (args) => {
    const client = openClient(args);
    const { path, execution: found } = await locateExecution(client, args);
    const execution = await client.post<ApiExecution>(`${path}/${found.id}/action`, { action: 'CANCEL' });
    if (args.json) printJson(execution);
    else if (execution.status === 'CANCELED') print(`execution ${execution.id} was canceled`);
    else print(`execution ${execution.id} stops at the next safe point`);
    return 0;
  },
});
