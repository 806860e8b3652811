import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { UsageError } from '../failures.ts';
import { print, printJson } from '../output.ts';
import { readSelector, USER_ARGS } from '../selector.ts';

export const link = command({
  name: 'link',
  description: 'adds an identifier to a user',
  args: {
    selector: { ...USER_ARGS.selector, required: true },
    account: { type: 'string', valueHint: 'ID', description: 'account to add' },
    compartment: USER_ARGS.compartment,
    'email-hash': { type: 'string', valueHint: 'HASH', description: 'e-mail hash to add' },
    'user-agent': { type: 'string', valueHint: 'ID', description: 'user agent id to add' },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: ['muster link user_account_id=1234 --email-hash 5d41402abc4b2a76'],
  notes: ['An identifier of another user point is refused: user points are never merged.'],
  run: async (args) => {
    const selector = readSelector(args.selector, {});
    const { account, compartment, 'email-hash': email, 'user-agent': agent } = args;
    const given = [account, email, agent].filter((value) => value !== undefined);
    if (given.length !== 1 || (compartment !== undefined && account === undefined))
      throw new UsageError('name one identifier, by --account, --email-hash or --user-agent');
    const identifier = await openClient(args).post<Record<string, unknown>>(
      `${datamartPath(args.datamart)}/user_points/${selector}/user_identifiers`,
      {
        user_account_id: account,
        compartment_id: compartment,
        email_hash: email,
        user_agent_id: agent,
      },
    );
    if (args.json) printJson(identifier);
    else print('identifier added');
    return 0;
  },
});
