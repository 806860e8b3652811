import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiErasure } from '../api.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { UsageError } from '../failures.ts';
import { countOf, print, printJson } from '../output.ts';
import { readSelector, USER_ARGS } from '../selector.ts';

const POLL_MS = 500;

export const erase = command({
  name: 'erase',
  description: 'erases a user permanently, from all segments and from the stored files',
  args: {
    ...USER_ARGS,
    yes: { type: 'boolean', description: 'required, because this cannot be undone' },
    wait: { type: 'boolean', description: 'wait until the stored files have been cleaned too' },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: ['muster erase user_account_id=1234 --yes', 'muster erase --email-hash 5d41402a --yes --wait'],
  notes: ['Remove the user from your exports first: a later file that names the user creates them again.'],
  run: async (args) => {
    const selector = readSelector(args.selector, args);
    if (!args.yes) throw new UsageError('this cannot be undone; confirm it with --yes');
    const client = openClient(args);
    const datamart = datamartPath(args.datamart);
    let erasure = await client.delete<ApiErasure>(`${datamart}/user_points/${selector}`);
    while (args.wait && erasure.status === 'PENDING') {
      await sleep(POLL_MS);
      erasure = await client.get<ApiErasure>(`${datamart}/erasures/${erasure.id}`);
    }
    if (args.json) printJson(erasure);
    else print(textOf(erasure));
    return 0;
  },
});

function textOf(erasure: ApiErasure): string {
  const removed = `${countOf(erasure.identifiers_removed, 'identifier')} and ${countOf(erasure.memberships_removed, 'membership')} removed`;
  const files =
    erasure.status === 'DONE'
      ? `${countOf(erasure.lines_removed, 'line')} removed from ${countOf(erasure.files_rewritten, 'file')}`
      : `the files of ${countOf(erasure.executions_left, 'execution')} are being cleaned`;
  return `erasure ${erasure.id}: ${removed}; ${files}`;
}
