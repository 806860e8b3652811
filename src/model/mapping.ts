/**
 * How a clear address or number becomes the hash that is kept; the last four as Google and Meta
 * publish them.
 */
export const HASH_RULES = ['sha256', 'google_email', 'meta_email', 'google_phone', 'meta_phone'] as const;
export type HashRule = (typeof HASH_RULES)[number];

/** How `expiration_ts` may be written. */
export const INSTANT_FORMATS = ['milliseconds', 'seconds', 'iso_8601'] as const;
/** How `expiration_duration` may be written: numbers of a unit, `30d`, or `P30D`. */
export const DURATION_FORMATS = ['minutes', 'hours', 'days', 'with_unit', 'iso_8601'] as const;
export type ExpiryFormat = (typeof INSTANT_FORMATS)[number] | (typeof DURATION_FORMATS)[number];
/**
 * How identifiers may be written: with the apostrophe, or as the formula `="…"`, that keeps a
 * spreadsheet from making a number of them, and which is no part of them.
 */
export const IDENTIFIER_FORMATS = ['spreadsheet_text'] as const;
export type IdentifierFormat = (typeof IDENTIFIER_FORMATS)[number];

/** The constant of a field; a list for fields that take lists. */
export type DefaultValue = string | number | readonly (string | number)[];

/**
 * How a file with columns or members of its own becomes commands. Names are those of the file,
 * fields those of commands; the order of the names counts.
 */
export type Mapping = {
  /**
   * The field that each column feeds. Several columns of one field: the first that is not blank.
   */
  readonly columns: Readonly<Record<string, string>>;
  /** By field: what its own words stand for. */
  readonly values: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By field: what stands where a record has nothing of its kind. */
  readonly defaults: Readonly<Record<string, DefaultValue>>;
  /** By column: the rule by which its clear values are hashed before anything is stored. */
  readonly hash: Readonly<Record<string, HashRule>>;
  /** By column: how its expiries or identifiers are written. */
  readonly formats: Readonly<Record<string, ExpiryFormat | IdentifierFormat>>;
  /** Columns that a CSV header may lack though they are read; absent: none. */
  readonly optional?: readonly string[];
};

export const NO_MAPPING: Mapping = { columns: {}, values: {}, defaults: {}, hash: {}, formats: {} };

/**
 * `COMMANDS`: a column `operation`, any segments. `USER_LIST`: users for the one segment that the
 * upload names.
 */
export type CsvProfile = 'COMMANDS' | 'USER_LIST';
