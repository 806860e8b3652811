import type { Catalogue, CatalogueSegment } from '../model/catalogue.ts';
import type { Command, Rejection, Target } from '../model/command.ts';
import { type Identifier, NO_COMPARTMENT } from '../model/identifier.ts';
import { type CommandContext, type CommandSource, isRejection } from './document-format.ts';
import { isSha256 } from './mapping/hash-rules.ts';
import { nearestField } from './nearest-field.ts';
import { nearestTechnicalName } from './nearest-name.ts';
import { parseDataBag } from './parse-data-bag.ts';
import { LAST_INSTANT, LAST_INSTANT_MS, parseExpiry } from './parse-expiry.ts';
import { nameText, readText, readTexts, rejection, shorten, show, written } from './read-field.ts';

/**
 * Reads one user segment command (spec §5). One pass in the order of the spec's checks; the first
 * error found is the command's error. The same record, catalogue and clock give the same answer.
 * Where the file makes segments, those that a valid command names are noted in `newSegments`.
 */
export function parseCommand(source: CommandSource, context: CommandContext): Command | Rejection {
  const command = readCommand(source, context);
  context.newSegments?.settle(isRejection(command) ? 'DROP' : 'KEEP');
  return command;
}

function readCommand(source: CommandSource, context: CommandContext): Command | Rejection {
  const { operation } = source.fields;
  if (operation !== 'UPDATE' && operation !== 'DELETE') {
    const meant = typeof operation === 'string' ? meantBy(operation) : '';
    const message = `operation must be UPDATE or DELETE, ${show(source, 'operation')}${meant}`;
    return rejection('INVALID_OPERATION', message);
  }
  const identifier = parseIdentifier(source, context.catalogue);
  if (isRejection(identifier)) return identifier;

  const segments = parseSegments(source, context);
  if (isRejection(segments)) return segments;

  if (operation === 'DELETE') {
    return {
      operation,
      identifier,
      targets: [...segments.keys()].map(({ id }) => ({ segmentId: id, expiresAt: null })),
      dataBag: null,
    };
  }
  const targets = parseTargets(source, segments, context.startDate);
  if (isRejection(targets)) return targets;

  const dataBag = parseDataBag(source);
  if (typeof dataBag === 'object' && dataBag !== null) return dataBag;
  return { operation, identifier, targets, dataBag };
}

/** The end of a message that names the operation that was most likely meant. */
function meantBy(operation: string): string {
  const nearest = operation.length > 20 ? null : nearestField(operation, ['UPDATE', 'DELETE']);
  return nearest === null ? '' : `; did you mean ${nearest}?`;
}

/** The one identifier of a user that a record or a body names. */
export function parseIdentifier(source: CommandSource, catalogue: Catalogue): Identifier | Rejection {
  const account = readText(source, 'user_account_id');
  if (account !== null && typeof account === 'object') return account;
  const email = readText(source, 'email_hash');
  if (email !== null && typeof email === 'object') return email;
  const agent = readText(source, 'user_agent_id');
  if (agent !== null && typeof agent === 'object') return agent;

  const given = Number(account !== null) + Number(email !== null) + Number(agent !== null);
  if (given > 1) {
    return rejection(
      'MULTIPLE_IDENTIFIERS',
      'a command names its user once: by user_account_id, email_hash or user_agent_id',
    );
  }
  const unhashed = unhashedValue(source, {
    user_account_id: account,
    email_hash: email,
    user_agent_id: agent,
  });
  if (unhashed !== null) return unhashed;
  if (email !== null) {
    if (email.includes('@')) {
      return rejection(
        'CLEAR_EMAIL',
        'email_hash must be the hash of an address, got an address in clear (masked)',
      );
    }
    return { kind: 'USER_EMAIL', compartmentId: NO_COMPARTMENT, value: email };
  }
  if (agent !== null) return { kind: 'USER_AGENT', compartmentId: NO_COMPARTMENT, value: agent };
  if (account === null) {
    return rejection(
      'MISSING_IDENTIFIER',
      'expected one of user_account_id, email_hash or user_agent_id, got none',
    );
  }
  const compartmentId = parseCompartment(source, catalogue);
  return typeof compartmentId === 'string'
    ? { kind: 'USER_ACCOUNT', compartmentId, value: account }
    : compartmentId;
}

/**
 * What is wrong with an identifier that a mapping hashes: on receipt it became a hash, unless
 * nothing could be made of it.
 */
function unhashedValue(
  { mapped }: CommandSource,
  identifiers: Readonly<Record<string, string | null>>,
): Rejection | null {
  if (mapped === undefined) return null;
  for (const [field, value] of Object.entries(identifiers)) {
    const rule = mapped.hashOf(field);
    if (rule === null || value === null || isSha256(value)) continue;
    const what = rule.endsWith('_phone') ? 'a phone number with its country code' : 'an e-mail address';
    return rejection('INVALID_ADDRESS', `${field} must be ${what}, or its SHA-256, got neither (masked)`);
  }
  return null;
}

/** The compartment of an account: by id, by token (both must agree), or the datamart's default. */
function parseCompartment(source: CommandSource, catalogue: Catalogue): string | Rejection {
  const id = readText(source, 'compartment_id');
  if (id !== null && typeof id === 'object') return id;
  const token = readText(source, 'compartment_token');
  if (token !== null && typeof token === 'object') return token;

  if (id === null && token === null) {
    return (
      catalogue.defaultCompartmentId ??
      rejection(
        'MISSING_COMPARTMENT',
        'the datamart has no default compartment: expected compartment_id, got none',
      )
    );
  }
  const byToken = token === null ? null : (catalogue.compartmentIdByToken.get(token) ?? null);
  const found = id ?? byToken;
  const compartment = found === null ? undefined : catalogue.compartmentById.get(found);
  const name = (field: string) => `${field} ${written(source, field)}`;
  const asked = () => name(id !== null ? 'compartment_id' : 'compartment_token');
  if (found === null || compartment === undefined) {
    return rejection('UNKNOWN_COMPARTMENT', `${asked()} is not a compartment of this datamart`);
  }
  if (token !== null && byToken !== found) {
    return rejection(
      'UNKNOWN_COMPARTMENT',
      `${name('compartment_id')} and ${name('compartment_token')} do not agree`,
    );
  }
  if (compartment.archived) return rejection('UNKNOWN_COMPARTMENT', `${asked()} is archived`);
  return found;
}

/** Segments with what messages call them, in the order in which a command names them. */
type NamedSegments = ReadonlyMap<CatalogueSegment, string>;

/** The union of all selectors, each segment once, in the order they are named. */
function parseSegments(source: CommandSource, context: CommandContext): NamedSegments | Rejection {
  const { catalogue } = context;
  const ids = readTexts(source, 'segment_id', 'segment_ids');
  if (isRejection(ids)) return ids;
  const names = readTexts(source, 'segment_technical_name', 'segment_technical_names');
  if (isRejection(names)) return names;
  if (ids.length + names.length === 0) {
    return rejection(
      'MISSING_SEGMENT',
      'expected segment_id, segment_ids or a segment_technical_name, got none',
    );
  }
  const segments = new Map<CatalogueSegment, string>();
  for (const id of ids) {
    const segment = catalogue.segmentById.get(id);
    if (!segment) {
      const named = nameText(source, 'segment_id', 'segment_ids', id);
      const isName = catalogue.segmentByTechnicalName.has(id);
      const meant = isName ? ', but a technical name: did you mean segment_technical_name?' : '';
      return rejection('UNKNOWN_SEGMENT', `${named} is not a segment of this datamart${meant}`);
    }
    segments.set(segment, id);
  }
  for (const name of names) {
    const segment = segmentNamed(name, context);
    if (typeof segment === 'string') {
      const named = nameText(source, 'segment_technical_name', 'segment_technical_names', name);
      return rejection('UNKNOWN_SEGMENT', `${named} is not a segment of this datamart${segment}`);
    }
    if (!segments.has(segment)) segments.set(segment, JSON.stringify(shorten(name)));
  }
  for (const [{ importable }, named] of segments) {
    if (!importable) {
      return rejection(
        'SEGMENT_NOT_IMPORTABLE',
        `segment ${named} takes no files: its type must be USER_LIST, its feed_type FILE_IMPORT`,
      );
    }
  }
  for (const [{ paused }, named] of segments) {
    if (paused) return rejection('SEGMENT_PAUSED', `segment ${named} is paused`);
  }
  return segments;
}

/**
 * The segment with a technical name, or one that the file makes; else the end of the message that
 * says there is none.
 */
function segmentNamed(name: string, { catalogue, newSegments }: CommandContext): CatalogueSegment | string {
  const segment = catalogue.segmentByTechnicalName.get(name);
  if (segment !== undefined) return segment;
  if (newSegments) {
    const proposed = newSegments.propose(name);
    return typeof proposed === 'string' ? `, and ${proposed}` : proposed;
  }
  const nearest = nearestTechnicalName(name, catalogue);
  if (nearest !== null) return `; did you mean ${JSON.stringify(nearest)}?`;
  return catalogue.segmentById.has(name) ? ', but an id: did you mean segment_id?' : '';
}

function parseTargets(
  source: CommandSource,
  segments: NamedSegments,
  startDate: number,
): Target[] | Rejection {
  const expiry = parseExpiry(source, startDate);
  if (expiry.type === 'INVALID') return expiry.rejection;
  const targets: Target[] = [];
  for (const [{ id, defaultTtlMs }, named] of segments) {
    if (expiry.type === 'ABSENT' && defaultTtlMs === null) {
      return rejection(
        'MISSING_EXPIRATION',
        `expected expiration_duration or expiration_ts: segment ${named} has no default_ttl`,
      );
    }
    const expiresAt = expiry.type === 'GIVEN' ? expiry.expiresAt : startDate + (defaultTtlMs ?? 0);
    if (expiresAt !== null && expiresAt > LAST_INSTANT_MS) {
      const message = `the default_ttl of segment ${named} must end by ${LAST_INSTANT}, got ${defaultTtlMs} ms`;
      return rejection('INVALID_EXPIRATION', message);
    }
    targets.push({ segmentId: id, expiresAt });
  }
  return targets;
}
