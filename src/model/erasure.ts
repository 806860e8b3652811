import { Type } from 'typebox';
import type { Identifier } from './identifier.ts';
import { type RecordOf, schemaOf, viewer } from './record.ts';
import { Count, Id, Instant, nullableInteger, nullableText, oneOf } from './schema.ts';

/**
 * That a user was erased: when and how much, never whom. PENDING until every file that was there at
 * the time has been looked through.
 */
export const ERASURE_FIELDS = {
  id: Id,
  datamart_id: Id,
  status: oneOf(['PENDING', 'DONE']),
  creation_date: Instant,
  end_date: nullableInteger(),
  user_id: nullableText({ description: 'id of the token that asked for it' }),
  identifiers_removed: Count,
  memberships_removed: Count,
  executions_left: Type.Integer({
    minimum: 0,
    description: 'executions whose files are still to be cleaned, including those that have not ended',
  }),
  files_rewritten: Count,
  lines_removed: Count,
};

export type Erasure = RecordOf<typeof ERASURE_FIELDS>;
export const ErasureView = schemaOf(ERASURE_FIELDS);
export const viewErasure = viewer(ERASURE_FIELDS);

/** Whom a pending erasure looks for in files. */
export type Sought = Identifier & { readonly erasureId: string };
