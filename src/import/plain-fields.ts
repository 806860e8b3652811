import type { Buffer } from 'node:buffer';

/**
 * The fields that plainly valid commands have, in the order of wasm/fields.ts. A record with any
 * other field that matters is left to the reference parser.
 */
export const PLAIN_FIELDS = [
  'operation',
  'user_account_id',
  'email_hash',
  'user_agent_id',
  'compartment_id',
  'segment_id',
  'segment_technical_name',
  'expiration_duration',
  'expiration_ts',
  'data_bag',
  'segment_ids',
  'segment_technical_names',
] as const;

/** What a mapping makes of plain values. */
export type PlainValue = {
  /**
   * The place of its column in the mapping: of several that are filled, the lowest counts. -1: it
   * is a field under its own name.
   */
  readonly rank: number;
  /** What a value stands for; null: it is as it is. */
  readonly replace: ((text: string) => Replacement) | null;
};

/** A text stands for itself or for another one. */
export type Replacement = Buffer | 'ITSELF' | 'NOT_PLAIN';

/** What a record has that has no field of a group. */
export type PlainDefault = {
  /** The place in PLAIN_FIELDS; -1: such a record is not plain. */
  readonly field: number;
  readonly text: Buffer;
  /** Bit `i`: a record with field `i` does not have the default. */
  readonly unless: number;
};

/** A member of objects, or a column. */
export type PlainMember = {
  /** Its name in quotes; absent of a column. */
  readonly name?: Buffer;
  /** The place of its field in PLAIN_FIELDS, IGNORED or NOT_PLAIN. */
  readonly field: number;
  /** What a mapping makes of its values; null: they are as they are documented. */
  readonly value: PlainValue | null;
};

/**
 * How the plain lines of a document look: objects of known members, or rows of a cell for each
 * column.
 */
export type PlainLayout = {
  /** Null of NDJSON. */
  readonly separator: number | null;
  readonly members: readonly PlainMember[];
  /** Null: there is no mapping. */
  readonly defaults: readonly PlainDefault[] | null;
};
