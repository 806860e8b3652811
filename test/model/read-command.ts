import type { RejectionCode } from '../../src/model/command.ts';
import { isArray, isDeeperThan, type Json, type JsonObject, writeJson } from './json.ts';
import { wholeNumber } from './whole-number.ts';

/**
 * What a datamart has, as spec §5 asks about it. Foreign and deleted segments are simply not there.
 */
export type ModelCatalogue = {
  readonly defaultCompartment: string | null;
  readonly compartments: readonly {
    readonly id: string;
    readonly token: string;
    readonly archived: boolean;
  }[];
  readonly segments: readonly ModelSegment[];
};

export type ModelSegment = {
  readonly id: string;
  readonly technicalName: string | null;
  readonly importable: boolean;
  readonly paused: boolean;
  readonly defaultTtlMs: number | null;
};

/** One record of a file. A cell of a list column may be the array it is the text of. */
export type ModelRecord = { readonly line: number } & (
  | { readonly type: 'object'; readonly object: JsonObject }
  | { readonly type: 'row'; readonly cells: ReadonlyMap<string, string | readonly Json[]> }
  | {
      readonly type: 'broken';
      readonly code: RejectionCode;
      /** Its cells cannot be told apart, so the error file has it as one text. */
      readonly isRaw?: boolean;
      /**
       * Fields that can be read of it all the same: of each object in it, or in each way its cells
       * may be meant.
       */
      readonly readable?: readonly ReadonlyMap<string, Json>[];
    }
);

export type ModelIdentifier = {
  readonly kind: 'USER_ACCOUNT' | 'USER_EMAIL' | 'USER_AGENT';
  readonly compartment: string | null;
  readonly value: string;
};

export type ModelCommand = {
  readonly operation: 'UPDATE' | 'DELETE';
  readonly identifier: ModelIdentifier;
  /** Segment id → expiry there, null for never (and for DELETE). */
  readonly targets: ReadonlyMap<string, number | null>;
  readonly dataBag: 'KEEP' | 'CLEAR' | { readonly text: string };
};

/** The first error that a check finds; caught where a record is executed. */
export class Refused extends Error {
  readonly code: RejectionCode;
  constructor(code: RejectionCode) {
    super(code);
    this.code = code;
  }
}

type Fields = ReadonlyMap<string, Json>;

/** Cells that are trimmed (spec §6): operation, numbers, ids of compartments and segments. */
const TRIMMED = [
  'operation',
  'compartment_id',
  'compartment_token',
  'segment_id',
  'segment_ids',
  'expiration_duration',
  'expiration_ts',
];
const MINUTE_MS = 60_000n;
/** Up to here a number is the same in every reader of JSON. */
const MOST = 2n ** 53n - 1n;
const LEAST_INSTANT = 100_000_000_000n;
/** 9999-12-31T23:59:59.999Z. */
const LAST_INSTANT = 253_402_300_799_999n;
const MOST_BAG_BYTES = 64 * 1024;
const MOST_DEPTH = 32;

/**
 * Reads one record by spec §5, check after check, in the order written there.
 *
 * @throws Refused
 */
export function readCommand(record: ModelRecord, catalogue: ModelCatalogue, startDate: number): ModelCommand {
  const fields = fieldsOf(record);
  const operation = fields.get('operation');
  if (operation !== 'UPDATE' && operation !== 'DELETE') throw new Refused('INVALID_OPERATION');
  const found = readIdentifier(fields);
  const identifier =
    found.kind === 'USER_ACCOUNT' ? { ...found, compartment: readCompartment(fields, catalogue) } : found;
  const segments = readSegments(fields, catalogue);
  if (operation === 'DELETE') {
    const targets = new Map(segments.map((segment) => [segment.id, null]));
    return { operation, identifier, targets, dataBag: 'KEEP' };
  }
  const targets = readExpiry(fields, segments, startDate);
  return { operation, identifier, targets, dataBag: readDataBag(fields) };
}

export function fieldsOf(record: ModelRecord): Fields {
  if (record.type === 'broken') throw new Refused(record.code);
  if (record.type === 'object') return new Map(record.object.members);
  const fields = new Map<string, Json>();
  for (const [name, cell] of record.cells) {
    fields.set(name, typeof cell === 'string' && TRIMMED.includes(name) ? cell.trim() : cell);
  }
  return fields;
}

/** Null, blank and missing are one thing. */
function isAbsent(value: Json | undefined): value is null | undefined | '' {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

/** A text, or an integer as its digits; null when absent. */
export function readText(value: Json | undefined): string | null {
  if (isAbsent(value)) return null;
  if (typeof value === 'string') {
    if (value.includes('\0') || /\p{Surrogate}/u.test(value)) throw new Refused('INVALID_ENCODING');
    return value;
  }
  if (typeof value === 'object' && !isArray(value) && value.type === 'number' && /^-?\d+$/.test(value.text)) {
    return value.text;
  }
  throw new Refused('INVALID_TYPE');
}

function readIdentifier(fields: Fields): ModelIdentifier {
  const account = readText(fields.get('user_account_id'));
  const email = readText(fields.get('email_hash'));
  const agent = readText(fields.get('user_agent_id'));
  if ([account, email, agent].filter((value) => value !== null).length > 1)
    throw new Refused('MULTIPLE_IDENTIFIERS');
  if (account !== null) return { kind: 'USER_ACCOUNT', compartment: null, value: account };
  if (agent !== null) return { kind: 'USER_AGENT', compartment: null, value: agent };
  if (email === null) throw new Refused('MISSING_IDENTIFIER');
  if (email.includes('@')) throw new Refused('CLEAR_EMAIL');
  return { kind: 'USER_EMAIL', compartment: null, value: email };
}

function readCompartment(fields: Fields, { compartments, defaultCompartment }: ModelCatalogue): string {
  const id = readText(fields.get('compartment_id'));
  const token = readText(fields.get('compartment_token'));
  const usable = compartments.filter((compartment) => !compartment.archived);
  if (id === null && token === null) {
    const standard = usable.find((compartment) => compartment.id === defaultCompartment);
    if (standard === undefined) throw new Refused('MISSING_COMPARTMENT');
    return standard.id;
  }
  const named = usable.find(
    (compartment) =>
      (id === null || compartment.id === id) && (token === null || compartment.token === token),
  );
  if (named === undefined) throw new Refused('UNKNOWN_COMPARTMENT');
  return named.id;
}

/** A list of texts; a bare text is a list of one. */
export function readTexts(value: Json | undefined): string[] {
  const items = value !== undefined && value !== null && isArray(value) ? value : [value];
  return items.map(readText).filter((text) => text !== null);
}

function readSegments(fields: Fields, { segments }: ModelCatalogue): readonly ModelSegment[] {
  const oneId = readText(fields.get('segment_id'));
  const ids = [...(oneId === null ? [] : [oneId]), ...readTexts(fields.get('segment_ids'))];
  const oneName = readText(fields.get('segment_technical_name'));
  const names = [...(oneName === null ? [] : [oneName]), ...readTexts(fields.get('segment_technical_names'))];
  if (ids.length + names.length === 0) throw new Refused('MISSING_SEGMENT');
  const found = new Set<ModelSegment>();
  for (const wanted of [
    ...ids.map((id) => segments.find((segment) => segment.id === id)),
    ...names.map((name) => segments.find((segment) => segment.technicalName === name)),
  ]) {
    if (wanted === undefined) throw new Refused('UNKNOWN_SEGMENT');
    found.add(wanted);
  }
  const all = [...found];
  if (all.some((segment) => !segment.importable)) throw new Refused('SEGMENT_NOT_IMPORTABLE');
  if (all.some((segment) => segment.paused)) throw new Refused('SEGMENT_PAUSED');
  return all;
}

/** A whole number from 0 to 2^53 - 1, given as a number or its text. */
function readWhole(value: Json): bigint {
  const text =
    typeof value === 'string'
      ? value
      : typeof value === 'object' && value !== null && !isArray(value) && value.type === 'number'
        ? value.text
        : '';
  const whole = wholeNumber(text);
  if (whole === null || whole < 0n || whole > MOST) throw new Refused('INVALID_EXPIRATION');
  return whole;
}

function readExpiry(
  fields: Fields,
  segments: readonly ModelSegment[],
  startDate: number,
): Map<string, number | null> {
  const everywhere = (expiresAt: number | null) =>
    new Map(segments.map((segment) => [segment.id, expiresAt] as const));
  const instant = fields.get('expiration_ts');
  if (!isAbsent(instant)) {
    const expiresAt = readWhole(instant);
    if ((expiresAt > 0n && expiresAt < LEAST_INSTANT) || expiresAt > LAST_INSTANT)
      throw new Refused('INVALID_EXPIRATION');
    return everywhere(expiresAt === 0n ? null : Number(expiresAt));
  }
  const duration = fields.get('expiration_duration');
  if (!isAbsent(duration)) {
    const minutes = readWhole(duration);
    const expiresAt = BigInt(startDate) + minutes * MINUTE_MS;
    if (minutes > 0n && expiresAt > LAST_INSTANT) throw new Refused('INVALID_EXPIRATION');
    return everywhere(minutes === 0n ? null : Number(expiresAt));
  }
  const targets = new Map<string, number | null>();
  for (const segment of segments) {
    if (segment.defaultTtlMs === null) throw new Refused('MISSING_EXPIRATION');
    if (startDate + segment.defaultTtlMs > LAST_INSTANT) throw new Refused('INVALID_EXPIRATION');
    targets.set(segment.id, startDate + segment.defaultTtlMs);
  }
  return targets;
}

function readDataBag(fields: Fields): ModelCommand['dataBag'] {
  const given = fields.get('data_bag');
  if (isAbsent(given)) return 'KEEP';
  if (typeof given === 'string') {
    if (given.includes('\0') || /\p{Surrogate}/u.test(given)) throw new Refused('INVALID_ENCODING');
    return asDataBag(given);
  }
  if (typeof given === 'object' && !isArray(given) && given.type === 'object')
    return asDataBag(writeJson(given));
  throw new Refused('INVALID_DATA_BAG');
}

function asDataBag(text: string): 'CLEAR' | { text: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refused('INVALID_DATA_BAG');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Refused('INVALID_DATA_BAG');
  if (Buffer.byteLength(text) > MOST_BAG_BYTES || isDeeperThan(value, MOST_DEPTH))
    throw new Refused('INVALID_DATA_BAG');
  return Object.keys(value).length === 0 ? 'CLEAR' : { text };
}
