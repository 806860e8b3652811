import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient } from '../connection.ts';
import { UsageError } from '../failures.ts';
import { print, printJson } from '../output.ts';
import { readSelector, USER_ARGS } from '../selector.ts';

export const link = command({
  name: 'link',
  description: 'gives a user one more identifier',
  args: {
    selector: { ...USER_ARGS.selector, required: true },
    account: { type: 'string', valueHint: 'ID', description: 'the account that the user gets' },
    compartment: USER_ARGS.compartment,
    'email-hash': { type: 'string', valueHint: 'HASH', description: 'the email hash that the user gets' },
    'user-agent': { type: 'string', valueHint: 'ID', description: 'the user agent id that the user gets' },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: ['muster link user_account_id=1234 --email-hash 5d41402abc4b2a76'],
  notes: ['An identifier that belongs to another user point is refused: user points are never joined.'],
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
    else print('linked');
    return 0;
  },
});
