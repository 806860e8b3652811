import { UsageError } from './failures.ts';

const FORMS =
  'user_account_id=V, compartment_id=C,user_account_id=V, email_hash=H, user_agent_id=V, user_point_id=UUID or a UUID';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a text is the id of a user point. */
export function isUserPoint(text: string): boolean {
  return UUID.test(text);
}

/** The ways in which a command line names one user. */
export const USER_ARGS = {
  selector: {
    type: 'positional',
    required: false,
    description: 'the user: user_account_id=1234, email_hash=…, user_agent_id=… or a user point id',
  },
  account: { type: 'string', valueHint: 'ID', description: 'account id of the user' },
  compartment: {
    type: 'string',
    valueHint: 'ID',
    description: 'compartment of --account; by default the default compartment of the datamart',
  },
  'email-hash': { type: 'string', valueHint: 'HASH', description: 'e-mail hash of the user' },
  'user-agent': { type: 'string', valueHint: 'ID', description: 'user agent id of the user' },
} as const;

type Flags = {
  readonly account?: string | undefined;
  readonly compartment?: string | undefined;
  readonly 'email-hash'?: string | undefined;
  readonly 'user-agent'?: string | undefined;
};

/** The selector of one user as a part of a path (spec §4), from the words of a command line. */
export function readSelector(given: string | undefined, flags: Flags): string {
  const byFlags = fromFlags(flags);
  const ways = [given, ...byFlags].filter((way) => way !== undefined);
  if (ways.length !== 1 || (flags.compartment !== undefined && flags.account === undefined)) {
    throw new UsageError(
      `expected exactly one user, as ${FORMS}, or by --account, --email-hash or --user-agent`,
    );
  }
  return given === undefined ? (byFlags[0] ?? '') : fromText(given);
}

function fromFlags(flags: Flags): string[] {
  const selectors: string[] = [];
  const { account, compartment, 'email-hash': emailHash, 'user-agent': userAgent } = flags;
  if (account !== undefined) {
    const where = compartment === undefined ? '' : `compartment_id=${encodeURIComponent(compartment)},`;
    selectors.push(`${where}user_account_id=${encodeURIComponent(account)}`);
  }
  if (emailHash !== undefined) selectors.push(`email_hash=${encodeURIComponent(emailHash)}`);
  if (userAgent !== undefined) selectors.push(`user_agent_id=${encodeURIComponent(userAgent)}`);
  return selectors;
}

/** What stands after `=` is taken as it is and encoded here. */
function fromText(text: string): string {
  if (isUserPoint(text)) return text;
  const inCompartment = /^compartment_id=([^,/]+)[,/]user_account_id=(.+)$/s.exec(text);
  if (inCompartment) {
    const [, compartment = '', account = ''] = inCompartment;
    return `compartment_id=${encodeURIComponent(compartment)},user_account_id=${encodeURIComponent(account)}`;
  }
  const [, key, value] = /^(user_account_id|email_hash|user_agent_id|user_point_id)=(.+)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined)
    throw new UsageError(`expected one of ${FORMS}, got ${JSON.stringify(text)}`);
  return `${key}=${encodeURIComponent(value)}`;
}
