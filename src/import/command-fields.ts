/** The fields that name a user: one kind per command. */
export const IDENTIFIER_FIELDS: readonly string[] = ['user_account_id', 'email_hash', 'user_agent_id'];

/** The fields that name segments. */
export const SEGMENT_FIELDS: readonly string[] = [
  'segment_id',
  'segment_ids',
  'segment_technical_name',
  'segment_technical_names',
];

/** The fields that commands are read from; every other one is passed over. */
export const COMMAND_FIELDS: ReadonlySet<string> = new Set([
  'operation',
  ...IDENTIFIER_FIELDS,
  'compartment_id',
  'compartment_token',
  ...SEGMENT_FIELDS,
  'expiration_duration',
  'expiration_ts',
  'data_bag',
]);

/**
 * What an error file adds to a record. A reader of commands passes over them, so that a corrected
 * file can be sent again. In CSV they are the first columns, so that a row with too many cells
 * keeps them all.
 */
export const ERROR_FIELDS: readonly string[] = ['error_line', 'error_code', 'error_message'];
