import type { Events } from '../../events.ts';

/**
 * A value that both engines take as a parameter. Ids are decimal strings; the statements cast them.
 */
export type SqlValue = string | number | boolean | null;
/** Bigints come as bigint or as text, by engine: read them with `String` or `Number`. */
export type Row = Readonly<Record<string, unknown>>;

/** One connection, inside a transaction or outside any. Parameters are `$1`, `$2`, … */
export interface Sql {
  query(statement: string, values?: readonly SqlValue[]): Promise<readonly Row[]>;
  /** Tells of a write once it is committed; does nothing outside of a transaction. */
  readonly emit: Events['emit'];
  /** Has the statement that is under way fail; nothing happens where there is none. */
  readonly interrupt: () => Promise<void>;
}

/**
 * What the small records need of an engine; the statements over it are plain SQL that every engine
 * here speaks.
 */
export interface Database {
  /** Reads; statements in one call may see different moments. */
  read<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** One transaction: durable when it resolves, nothing written when `work` throws. */
  write<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** As `write`, while no merge is under way: for what takes away something that merges rely on. */
  writeAlone<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
}

/** `sql` with events that are kept until `publish`, when what they are about is committed. */
export function collectEvents<S extends Sql>(
  sql: S,
  events: Pick<Events, 'emit'> | null,
): { readonly sql: S; publish(): void } {
  const emitted: Parameters<Events['emit']>[] = [];
  return {
    sql: { ...sql, emit: (name, id) => void emitted.push([name, id]) },
    publish: () => {
      for (const event of emitted) events?.emit(...event);
    },
  };
}

/** A row as text, or null. */
export function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** A row's number, or null. */
export function numberOrNull(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value);
}

/** `ilike` pattern of a text that may be anywhere; the statement says `escape '\'`. */
export function containing(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
}

/** Collects parameters while a statement is put together: `values.add(x)` gives its `$n`. */
export function parameters(): { add(value: SqlValue): string; values: SqlValue[] } {
  const values: SqlValue[] = [];
  return { values, add: (value) => `$${values.push(value)}` };
}

/** A whole number as it stands in a statement: an id, an instant, a count. */
export function literal(number: string | number): string {
  return String(BigInt(number));
}

/** The `limit … offset …` of a page. */
export function limits(page: { readonly firstResult: number; readonly maxResults: number }): string {
  return `limit ${Math.trunc(page.maxResults)} offset ${Math.trunc(page.firstResult)}`;
}
