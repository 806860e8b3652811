import { type ApiExecution, hasEnded } from '../api.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, openClient } from '../connection.ts';
import { locateExecution, OWNER_ARGS } from '../executions.ts';
import { formatCount, note, print, printJson } from '../output.ts';
import { revertExecution } from '../revert.ts';

export const revert = command({
  name: 'revert',
  description: 'reverts what an ended execution did to memberships, and waits until that is done',
  args: {
    execution: { type: 'positional', required: true, description: 'id of the execution' },
    ...OWNER_ARGS,
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: ['muster revert 17'],
  notes: [
    'Memberships that a later execution, expiry or erasure has changed are left alone. Created user points stay.',
    'A revert is an execution too: you can revert it.',
  ],
  run: async (args) => {
    const client = openClient(args);
    const { path, execution } = await locateExecution(client, args);
    const { id } = execution;
    const interrupt = new AbortController();
    process.once('SIGINT', () => interrupt.abort(new Error('interrupted')));
    const done = await revertExecution(client, { path, id, signal: interrupt.signal });
    if (args.json) printJson(done);
    else print(summarize(done, id));
    if (!hasEnded(done)) note('stopped waiting; the revert continues in the service');
    else if (done.error !== null) note(`error: ${done.error.message}`);
    return done.status === 'SUCCEEDED' ? 0 : 1;
  },
});

function summarize({ id, status, result }: ApiExecution, reverted: string): string {
  const counts = [
    [result?.memberships_created, 'put back'],
    [result?.memberships_updated, 'set back'],
    [result?.memberships_deleted, 'taken out'],
    [result?.memberships_kept, 'kept, as something has touched them since'],
  ] as const;
  const width = Math.max(...counts.map(([count]) => formatCount(count ?? 0).length));
  const lines = counts.map(([count, what]) => `  ${formatCount(count ?? 0).padStart(width)}  ${what}`);
  return [`revert of execution ${reverted}: execution ${id}, ${status}`, ...lines].join('\n');
}
