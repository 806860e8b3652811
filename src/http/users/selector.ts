import { ServiceError } from '../../errors.ts';
import { NO_COMPARTMENT, parseUuid, type UserSelector } from '../../model/identifier.ts';
import { rawPath } from '../route-table.ts';

/**
 * A selector as it was asked for; an account without compartment is in the datamart's default one.
 */
export type RequestedUser =
  | UserSelector
  | { readonly by: 'account_in_default_compartment'; readonly userAccountId: string };

const DATAMART_PATH = /\/datamarts\/[^/]+$/;

const SELECTORS =
  'user_point_id, user_account_id, compartment_id with user_account_id, email_hash or user_agent_id';

/**
 * The part of a request's URL that names the user, still encoded: what follows `/user_segments/`,
 * `/user_identifiers/` or `/user_points/` of a datamart. The raw URL is read, not the router's
 * decoded one, so that a `%2F` inside a value stays inside it.
 */
export function selectorText(rawUrl: string, family: string): string {
  const path = rawPath(rawUrl);
  const start = path.indexOf(`/${family}/`);
  const isOfDatamart = start > 0 && DATAMART_PATH.test(path.slice(0, start));
  return isOfDatamart ? path.slice(start + family.length + 2) : '';
}

/**
 * Reads a selector (spec §4). The value is everything after `=`, so that raw commas, slashes and
 * colons are part of it where nothing else can be meant.
 *
 * @throws ServiceError INVALID_SELECTOR
 */
export function parseSelector(text: string): RequestedUser {
  const inCompartment =
    /^compartment_id=([^,/]*)[,/]user_account_id=(.*)$/s.exec(text) ??
    reverse(/^user_account_id=(.*)[,/]compartment_id=(\d+)$/s.exec(text));
  if (inCompartment !== null) {
    const [, compartment = '', account = ''] = inCompartment;
    return accountIn(decode(compartment), decode(account));
  }
  const equals = text.indexOf('=');
  // some clients encode the whole selector, its `=` included
  if (equals < 0 && /%3d/i.test(text)) return parseSelector(decode(text));
  if (equals < 0) return userPoint(decode(text));
  return single(text.slice(0, equals), decode(text.slice(equals + 1)));
}

/**
 * The members of a body by which a user is selected; numbers have become texts, null and nothing
 * are empty.
 */
export type SelectorMembers = {
  readonly user_point_id?: string;
  readonly user_account_id?: string;
  readonly compartment_id?: string;
  readonly email_hash?: string;
  readonly user_agent_id?: string;
};

/**
 * Reads a selector that came as members of an object: one of them, and `compartment_id` beside an
 * account alone.
 *
 * @throws ServiceError INVALID_SELECTOR
 */
export function readSelectorMembers(members: SelectorMembers): RequestedUser {
  const { compartment_id: compartment = '', ...ways } = members;
  const given = Object.entries(ways).filter(([, value]) => value !== '');
  const [way] = given;
  if (way === undefined || given.length > 1)
    throw invalid(`a user must be selected by one of ${SELECTORS}, got ${namesOf(given)}`);
  const [name, value] = way;
  if (compartment === '') return single(name, value);
  if (name === 'user_account_id') return accountIn(compartment, value);
  throw invalid(`compartment_id belongs to user_account_id, got it beside ${name}`);
}

function namesOf(given: readonly (readonly [string, string])[]): string {
  return given.length === 0 ? 'none' : given.map(([name]) => name).join(', ');
}

function reverse(match: RegExpExecArray | null): readonly string[] | null {
  return match === null ? null : [match[0], match[2] ?? '', match[1] ?? ''];
}

function single(name: string, value: string): RequestedUser {
  switch (name) {
    case 'user_point_id':
      return userPoint(value);
    case 'user_account_id':
      return { by: 'account_in_default_compartment', userAccountId: notEmpty(name, value) };
    case 'email_hash':
      return identified('USER_EMAIL', notEmpty(name, value));
    case 'user_agent_id':
      return identified('USER_AGENT', notEmpty(name, value));
    default:
      throw invalid(`the user must be selected by ${SELECTORS}, got ${JSON.stringify(name.slice(0, 60))}`);
  }
}

function userPoint(value: string): RequestedUser {
  const userPointId = parseUuid(value);
  if (userPointId === null) throw invalid(`the user must be selected by a UUID or by ${SELECTORS}`);
  return { by: 'user_point_id', userPointId };
}

function accountIn(compartmentId: string, userAccountId: string): RequestedUser {
  if (!/^\d{1,18}$/.test(compartmentId))
    throw invalid(`compartment_id must be an id, got ${JSON.stringify(compartmentId.slice(0, 60))}`);
  return {
    by: 'identifier',
    identifier: {
      kind: 'USER_ACCOUNT',
      compartmentId: BigInt(compartmentId).toString(),
      value: notEmpty('user_account_id', userAccountId),
    },
  };
}

function identified(kind: 'USER_EMAIL' | 'USER_AGENT', value: string): RequestedUser {
  return { by: 'identifier', identifier: { kind, compartmentId: NO_COMPARTMENT, value } };
}

function notEmpty(name: string, value: string): string {
  if (value === '') throw invalid(`${name} must not be empty`);
  return value;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('the selector must be percent-encoded UTF-8');
  }
}

function invalid(message: string): ServiceError {
  return new ServiceError('INVALID_SELECTOR', message);
}
