import type { Catalogue } from '../model/catalogue.ts';
import type { Job } from '../model/execution.ts';
import { type Identifier, NO_COMPARTMENT } from '../model/identifier.ts';
import {
  type CommandSource,
  type DocumentFormat,
  type DocumentRecord,
  isRejection,
} from './document-format.ts';
import { readText, readTexts } from './read-field.ts';

/** Whom a failed record names, and in which segments. */
export type NamedUsers = {
  readonly identifiers: readonly Identifier[];
  /** Null: it cannot be told which, so any. */
  readonly segmentIds: readonly string[] | null;
};

/**
 * An account whose compartment cannot be told may be in each of so many; where there are more, in
 * the default one.
 */
const MAX_COMPARTMENTS = 16;

/** Stands for what could not be decoded: a value that holds one is not what was written. */
const UNDECODED = '\ufffd';

/**
 * Reads whom a failed record names, as far as it can be read: a replacement must not take out a
 * user because of a slip in the line that names them. What cannot be told is taken as wide as it
 * may have been meant: of several identifiers each, and any segment unless all that the record
 * names are known.
 */
export function readNamedUsers(
  record: DocumentRecord,
  { format, job, catalogue }: { format: DocumentFormat; job: Job; catalogue: Catalogue },
): NamedUsers {
  const { content } = record;
  const readings = isRejection(content) ? format.readFailed(record) : [content];
  return {
    identifiers: readings
      .flatMap((reading) => identifiersIn(reading, catalogue))
      .filter(({ value }) => !isRejection(content) || !value.includes(UNDECODED)),
    segmentIds:
      job.type === 'USER_SEGMENT_IMPORT'
        ? [job.segmentId]
        : isRejection(content)
          ? null
          : segmentsIn(content, catalogue),
  };
}

function identifiersIn(source: CommandSource, catalogue: Catalogue): Identifier[] {
  const account = readable(source, 'user_account_id');
  const email = readable(source, 'email_hash');
  const agent = readable(source, 'user_agent_id');
  const found: Identifier[] = [];
  if (account !== null)
    for (const compartmentId of compartmentsIn(source, catalogue))
      found.push({ kind: 'USER_ACCOUNT', compartmentId, value: account });
  // an address in clear is kept nowhere, and nobody is known by one
  if (email !== null && !email.includes('@'))
    found.push({ kind: 'USER_EMAIL', compartmentId: NO_COMPARTMENT, value: email });
  if (agent !== null) found.push({ kind: 'USER_AGENT', compartmentId: NO_COMPARTMENT, value: agent });
  return found;
}

/**
 * The compartments that an account may be in: those that the record names, or the default one, or
 * any.
 */
function compartmentsIn(source: CommandSource, catalogue: Catalogue): readonly string[] {
  const { compartmentById, compartmentIdByToken, defaultCompartmentId } = catalogue;
  const id = readText(source, 'compartment_id');
  const token = readText(source, 'compartment_token');
  const isNamed = id !== null || token !== null;
  if (!isNamed && defaultCompartmentId !== null) return [defaultCompartmentId];
  const byToken = typeof token === 'string' ? compartmentIdByToken.get(token) : undefined;
  const named = [
    ...(typeof id === 'string' && compartmentById.has(id) ? [id] : []),
    ...(byToken ? [byToken] : []),
  ];
  if (named.length > 0) return [...new Set(named)];
  if (compartmentById.size <= MAX_COMPARTMENTS) return [...compartmentById.keys()];
  return defaultCompartmentId === null ? [] : [defaultCompartmentId];
}

/** The segments that a record names; null where it names none, or one that is not known. */
function segmentsIn(source: CommandSource, catalogue: Catalogue): readonly string[] | null {
  const ids = readTexts(source, 'segment_id', 'segment_ids');
  const names = readTexts(source, 'segment_technical_name', 'segment_technical_names');
  if (isRejection(ids) || isRejection(names)) return null;
  const segments = [
    ...ids.map((id) => catalogue.segmentById.get(id)),
    ...names.map((name) => catalogue.segmentByTechnicalName.get(name)),
  ];
  const known = new Set(segments.flatMap((segment) => (segment === undefined ? [] : [segment.id])));
  return segments.length === 0 || segments.includes(undefined) ? null : [...known];
}

function readable(source: CommandSource, field: string): string | null {
  const value = readText(source, field);
  return typeof value === 'string' ? value : null;
}
