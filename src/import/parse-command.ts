import type { Catalogue, CatalogueSegment } from '../model/catalogue.ts';
import type { Command, Rejection, Target } from '../model/command.ts';
import { type Identifier, NO_COMPARTMENT } from '../model/identifier.ts';
import { type CommandContext, type CommandSource, isRejection } from './document-format.ts';
import { parseDataBag } from './parse-data-bag.ts';
import { LAST_INSTANT, LAST_INSTANT_MS, parseExpiry } from './parse-expiry.ts';
import { nameText, readText, readTexts, rejection, show, written } from './read-field.ts';

/**
 * Reads one user segment command (spec §5). One pass in the order of the spec's checks; the first error found is the
 * command's error. Pure: the same record, catalogue and clock give the same answer.
 */
export function parseCommand(source: CommandSource, context: CommandContext): Command | Rejection {
  const { operation } = source.fields;
  if (operation !== 'UPDATE' && operation !== 'DELETE') {
    return rejection('INVALID_OPERATION', `operation must be UPDATE or DELETE, ${show(source, 'operation')}`);
  }
  const identifier = parseIdentifier(source, context.catalogue);
  if (isRejection(identifier)) return identifier;

  const segments = parseSegments(source, context.catalogue);
  if (isRejection(segments)) return segments;

  if (operation === 'DELETE') {
    return {
      operation,
      identifier,
      targets: segments.map(({ id }) => ({ segmentId: id, expiresAt: null })),
      dataBag: null,
    };
  }
  const targets = parseTargets(source, segments, context.startDate);
  if (isRejection(targets)) return targets;

  const dataBag = parseDataBag(source);
  if (typeof dataBag === 'object' && dataBag !== null) return dataBag;
  return { operation, identifier, targets, dataBag };
}

function parseIdentifier(source: CommandSource, catalogue: Catalogue): Identifier | Rejection {
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
    return rejection('UNKNOWN_COMPARTMENT', `${asked()} is no compartment of this datamart`);
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

/** The union of all selectors, each segment once, in the order they are named. */
function parseSegments(source: CommandSource, catalogue: Catalogue): CatalogueSegment[] | Rejection {
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
  const segments = new Set<CatalogueSegment>();
  for (const id of ids) {
    const segment = catalogue.segmentById.get(id);
    if (!segment) {
      const named = nameText(source, 'segment_id', 'segment_ids', id);
      return rejection('UNKNOWN_SEGMENT', `${named} is no segment of this datamart`);
    }
    segments.add(segment);
  }
  for (const name of names) {
    const segment = catalogue.segmentByTechnicalName.get(name);
    if (!segment) {
      const named = nameText(source, 'segment_technical_name', 'segment_technical_names', name);
      return rejection('UNKNOWN_SEGMENT', `${named} is no segment of this datamart`);
    }
    segments.add(segment);
  }
  for (const { id, importable } of segments) {
    if (!importable) {
      return rejection(
        'SEGMENT_NOT_IMPORTABLE',
        `segment ${id} takes no files: its type must be USER_LIST, its feed_type FILE_IMPORT`,
      );
    }
  }
  for (const { id, paused } of segments) {
    if (paused) return rejection('SEGMENT_PAUSED', `segment ${id} is paused`);
  }
  return [...segments];
}

function parseTargets(
  source: CommandSource,
  segments: readonly CatalogueSegment[],
  startDate: number,
): Target[] | Rejection {
  const expiry = parseExpiry(source, startDate);
  if (expiry.type === 'INVALID') return expiry.rejection;
  const targets: Target[] = [];
  for (const { id, defaultTtlMs } of segments) {
    if (expiry.type === 'ABSENT' && defaultTtlMs === null) {
      return rejection(
        'MISSING_EXPIRATION',
        `expected expiration_duration or expiration_ts: segment ${id} has no default_ttl`,
      );
    }
    const expiresAt = expiry.type === 'GIVEN' ? expiry.expiresAt : startDate + (defaultTtlMs ?? 0);
    if (expiresAt !== null && expiresAt > LAST_INSTANT_MS) {
      const message = `the default_ttl of segment ${id} must end by ${LAST_INSTANT}, got ${defaultTtlMs} ms`;
      return rejection('INVALID_EXPIRATION', message);
    }
    targets.push({ segmentId: id, expiresAt });
  }
  return targets;
}
