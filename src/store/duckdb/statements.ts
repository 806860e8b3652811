import { statementsOf } from '../statements.ts';

/** A statement of `sql/`, or of those that both stores have, with its `$names` filled in. */
export const statement = statementsOf(
  new URL('./sql/', import.meta.url),
  new URL('../staging/', import.meta.url),
  new URL('../records/sql/', import.meta.url),
);
