import { type Static, Type } from 'typebox';
import type { ApiToken } from '../../model/records.ts';
import { Id, Instant, nullableInteger, RoleName } from '../schemas.ts';

const tokenMembers = {
  id: Id,
  name: Type.String(),
  role: RoleName,
  datamart_ids: Type.Unsafe<string[] | null>({ type: ['array', 'null'], items: { type: 'string' } }),
  creation_date: Instant,
  expiration_date: nullableInteger(),
  last_used_date: nullableInteger(),
};
export const TokenView = Type.Object(tokenMembers);
export const CreatedTokenView = Type.Object({
  ...tokenMembers,
  value: Type.String({ description: 'shown once, in this answer' }),
});

export function viewToken(of: ApiToken): Static<typeof TokenView> {
  return {
    id: of.id,
    name: of.name,
    role: of.role,
    datamart_ids: of.datamartIds === null ? null : [...of.datamartIds],
    creation_date: of.creationDate,
    expiration_date: of.expirationDate,
    last_used_date: of.lastUsedDate,
  };
}
