import type { Row, SqlValue } from '../records/database.ts';

/**
 * PostgreSQL has no texts with U+0000, which account ids and names may hold. ESCAPE, of the private
 * use area, stands before a `0` for it, and before a `1` for itself; all other texts are stored as
 * they are.
 */
const ESCAPE = '\ue000';

/** A value as it is stored. */
export function toStored(value: SqlValue): SqlValue {
  if (typeof value !== 'string' || !(value.includes('\0') || value.includes(ESCAPE))) return value;
  return value.replaceAll(ESCAPE, `${ESCAPE}1`).replaceAll('\0', `${ESCAPE}0`);
}

/** A text as it was before it was stored. */
export function fromStored(text: string): string {
  return text.replaceAll(`${ESCAPE}0`, '\0').replaceAll(`${ESCAPE}1`, ESCAPE);
}

/** The texts of a row as they were before they were stored. */
export function fromStoredRow(row: Readonly<Record<string, unknown>>): Row {
  let result: Record<string, unknown> | null = null;
  for (const [name, value] of Object.entries(row)) {
    if (typeof value !== 'string' || !value.includes(ESCAPE)) continue;
    result ??= { ...row };
    result[name] = fromStored(value);
  }
  return result ?? row;
}
