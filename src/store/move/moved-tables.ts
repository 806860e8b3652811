/**
 * The tables of a store as they are on both sides, and how the rows of those that differ are read
 * from one for the other. A list of columns that is null: all of the embedded table, which the
 * other has under the same names.
 */
export type MovedTable = {
  /** Of the embedded store: what is filled, and read. */
  readonly table: string;
  /** What is filled there, where it is a view. */
  readonly into?: string;
  /** The order in which the embedded store keeps it. */
  readonly order?: string;
  /** The column of the user points by which a large table is moved in parts, in either store. */
  readonly range?: { readonly embedded: string; readonly postgres: string };
  /**
   * Selects of PostgreSQL that together give the columns of the embedded table, keys as UUIDs in
   * place of their halves. One for each table that Citus has in another way.
   */
  readonly fromPostgres?: readonly string[];
  /** What is filled in PostgreSQL, one after the other, from the embedded table. */
  readonly toPostgres?: readonly {
    readonly table: string;
    readonly columns: string;
    readonly select: string;
  }[];
  /** Pairs of columns that are a UUID in PostgreSQL. */
  readonly halves?: readonly string[];
};

const uuid = (name: string) => `printf('%016x%016x', ${name}_hi, ${name}_lo)`;

export const MOVED_TABLES: readonly MovedTable[] = [
  ...[
    'organisation',
    'datamart',
    'compartment',
    'compartment_selection',
    'segment',
    'document_import',
    'execution',
    'execution_checkpoint',
    'api_token',
    'audit_log',
    'idempotency_key',
    'command_answer',
    'command_hour',
    'erasure',
    'erasure_identifier',
    'erasure_execution',
    'segment_export',
    'overlap_analysis',
    'webhook',
    'webhook_delivery',
    'source',
    'source_file',
    'change_log',
  ].map((table) => ({ table })),
  {
    table: 'user_identifier',
    into: 'user_identifier_ordered',
    order: 'key_hi, key_lo',
    range: { embedded: 'key_hi', postgres: 'key' },
    halves: ['key', 'point'],
    fromPostgres: [
      `select u.user_point_id as key, u.user_point_id as point, coalesce(a.point_kinds, u.kind) as point_kinds, u.datamart_id,
        u.kind, u.compartment_id, u.value, u.creation_ts
      from user_point u
      left join (select user_point_id, min(point_kinds) as point_kinds from attached_identifier group by user_point_id) a
        on a.user_point_id = u.user_point_id`,
      `select identifier_key as key, user_point_id as point, point_kinds, datamart_id, kind, compartment_id, value, creation_ts
      from attached_identifier`,
    ],
    toPostgres: [
      {
        table: 'user_point',
        columns: 'user_point_id, datamart_id, creation_ts, compartment_id, kind, value',
        select: `select ${uuid('point')}, datamart_id, creation_ts, compartment_id, kind, value
          from user_identifier where key_hi = point_hi and key_lo = point_lo`,
      },
      {
        table: 'attached_identifier',
        columns:
          'identifier_key, user_point_id, datamart_id, creation_ts, compartment_id, kind, point_kinds, value',
        select: `select ${uuid('key')}, ${uuid('point')}, datamart_id, creation_ts, compartment_id, kind, point_kinds, value
          from user_identifier where key_hi <> point_hi or key_lo <> point_lo`,
      },
    ],
  },
  {
    table: 'membership',
    into: 'membership_ordered',
    order: 'point_hi, point_lo, segment_id',
    range: { embedded: 'point_hi', postgres: 'point' },
    halves: ['point'],
    fromPostgres: [
      `select user_point_id as point, segment_id, point_kinds, creation_ts, last_modified_ts, expiration_ts, data_bag
      from membership where segment_id in (select id from segment)`,
    ],
    toPostgres: [
      {
        table: 'membership',
        columns:
          'user_point_id, segment_id, creation_ts, last_modified_ts, expiration_ts, point_kinds, data_bag',
        select: `select ${uuid('point')}, segment_id, creation_ts, last_modified_ts, expiration_ts, point_kinds, data_bag
          from membership`,
      },
    ],
  },
  {
    table: 'membership_change',
    order: 'step',
    range: { embedded: 'c.point_hi', postgres: 'point' },
    halves: ['point'],
    fromPostgres: [
      `select step, date, execution_id, line, kind, user_point_id as point, segment_id, creation_ts, last_modified_ts,
        expiration_ts, data_bag
      from membership_change where segment_id in (select id from segment)`,
    ],
    toPostgres: [
      {
        table: 'membership_change',
        columns: `step, date, execution_id, line, segment_id, user_point_id, creation_ts, last_modified_ts, expiration_ts, kind,
          point_kinds, data_bag`,
        select: `select step, date, execution_id, line, segment_id, printf('%016x%016x', c.point_hi, c.point_lo), c.creation_ts, last_modified_ts, expiration_ts,
            c.kind, u.point_kinds, data_bag
          from membership_change c join user_identifier u on u.key_hi = c.point_hi and u.key_lo = c.point_lo`,
      },
    ],
  },
];

/** Where ids come from. */
export const SEQUENCES = [
  'organisation_id',
  'datamart_id',
  'compartment_id',
  'compartment_selection_id',
  'segment_id',
  'document_import_id',
  'execution_id',
  'api_token_id',
  'audit_log_id',
  'erasure_id',
  'segment_export_id',
  'overlap_analysis_id',
  'webhook_id',
  'webhook_delivery_id',
  'source_file_id',
] as const;
