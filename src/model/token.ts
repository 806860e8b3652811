import { Type } from 'typebox';
import { type RecordOf, schemaOf, viewer } from './record.ts';
import { ROLES } from './records.ts';
import { Id, Instant, nullableInteger, oneOf } from './schema.ts';

export const RoleName = oneOf(ROLES);

/** A token without its value. `datamart_ids` null: every datamart. */
export const TOKEN_FIELDS = {
  id: Id,
  name: Type.String(),
  role: RoleName,
  datamart_ids: Type.Unsafe<string[] | null>({ type: ['array', 'null'], items: { type: 'string' } }),
  creation_date: Instant,
  expiration_date: nullableInteger(),
  last_used_date: nullableInteger(),
};

export type ApiToken = RecordOf<typeof TOKEN_FIELDS>;
export const TokenView = schemaOf(TOKEN_FIELDS);
export const viewToken = viewer(TOKEN_FIELDS);
export const CreatedTokenView = Type.Object({
  ...TokenView.properties,
  value: Type.String({ description: 'shown once, in this answer' }),
});
