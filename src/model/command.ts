import type { Identifier } from './identifier.ts';

/**
 * Why a record of a document is not applied (spec §5, §6). A closed union: docs/commands.md lists
 * each with its cure.
 */
export const REJECTION_CODES = [
  // the record itself, spec §6
  'INVALID_ENCODING',
  'LINE_TOO_LONG',
  'INVALID_JSON',
  'NOT_AN_OBJECT',
  'INVALID_CSV',
  // the command, spec §5, in the order of the checks
  'INVALID_TYPE',
  'INVALID_OPERATION',
  'MULTIPLE_IDENTIFIERS',
  'MISSING_IDENTIFIER',
  'CLEAR_EMAIL',
  'INVALID_ADDRESS',
  'MISSING_COMPARTMENT',
  'UNKNOWN_COMPARTMENT',
  'MISSING_SEGMENT',
  'UNKNOWN_SEGMENT',
  'SEGMENT_NOT_IMPORTABLE',
  'SEGMENT_PAUSED',
  'MISSING_EXPIRATION',
  'INVALID_EXPIRATION',
  'INVALID_DATA_BAG',
] as const;
export type RejectionCode = (typeof REJECTION_CODES)[number];

/**
 * A record that is not applied: data, never thrown. `message` says what was expected and what came.
 */
export type Rejection = { readonly code: RejectionCode; readonly message: string };

/** A valid user segment command, resolved against the catalogue of its datamart. */
export type Command = {
  readonly operation: 'UPDATE' | 'DELETE';
  readonly identifier: Identifier;
  /** At least one, no duplicates. */
  readonly targets: readonly Target[];
  /** JSON text of an object; `{}` clears; null keeps what is there. Always null on DELETE. */
  readonly dataBag: string | null;
};

/** One segment of a command, with the expiry it gets there (segments differ in their default). */
export type Target = {
  readonly segmentId: string;
  /** Null: never. Always null on DELETE. */
  readonly expiresAt: number | null;
};
