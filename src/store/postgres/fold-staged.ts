import { literal, type Sql } from '../records/database.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import type { Scratch } from './scratch.ts';
import { scratchStatement } from './staged-pairs.ts';

/**
 * Commands with the user points of their identifiers, without those that may not bring an erased
 * user back.
 */
export type Prepared = {
  /**
   * A relation of a connection of the scratch: STAGED_COLUMNS, with point_hi, point_lo and
   * point_kinds.
   */
  readonly commands: string;
  /** How many were left out. */
  readonly leftOut: number;
};

/**
 * Gives staged commands their user points, on a connection of the scratch. Mostly that is the key
 * of their identifier; where the datamart has identifiers that were attached to other points, those
 * are fetched first. What is known of it here is as old as the catalogue that the commands were
 * checked against, which an attachment or an erasure changes: a merge sees that and refuses.
 */
export async function prepareCommands(
  db: PostgresDatabase,
  scratch: Scratch,
  sql: Sql,
  of: { readonly staged: string; readonly datamartId: string; readonly executionIds: readonly string[] },
): Promise<Prepared> {
  const erased = await readErased(db, of.executionIds);
  const leaving = erased.length === 0 ? null : await leaveOut(sql, of.staged, erased);
  const staged = leaving?.staged ?? of.staged;
  const attached = await fetchAttached(db, scratch, sql, of.datamartId);
  const commands = attached
    ? await pointCommands(sql, staged)
    : `(select *, key_hi as point_hi, key_lo as point_lo, kind as point_kinds from ${staged})`;
  return { commands, leftOut: leaving?.leftOut ?? 0 };
}

type Erased = {
  readonly executionId: string;
  readonly kind: number;
  readonly compartmentId: string;
  readonly value: string;
};

/** Whom these executions may not bring back: their files were there when the users were erased. */
async function readErased(db: PostgresDatabase, executionIds: readonly string[]): Promise<readonly Erased[]> {
  const ids = executionIds.map(literal).join(', ') || 'null';
  const rows = await db.read((sql) =>
    sql.query(
      `select x.execution_id, i.kind, i.compartment_id, i.value
       from erasure_execution x join erasure_identifier i on i.erasure_id = x.erasure_id where x.execution_id in (${ids})`,
    ),
  );
  return rows.map((row) => ({
    executionId: String(row.execution_id),
    kind: Number(row.kind),
    compartmentId: String(row.compartment_id),
    value: String(row.value),
  }));
}

async function leaveOut(
  sql: Sql,
  staged: string,
  erased: readonly Erased[],
): Promise<{ staged: string; leftOut: number }> {
  await sql.query(
    'create or replace temp table erased (kind utinyint, compartment_id bigint, value varchar)',
  );
  for (const { kind, compartmentId, value } of erased)
    await sql.query(`insert into erased values (${kind}, ${literal(compartmentId)}, $1)`, [value]);
  await sql.query(
    `create or replace temp table chunk_kept as
     select s.* from ${staged} s anti join erased e
       on e.kind = s.kind and e.compartment_id = s.compartment_id and e.value = s.value`,
  );
  const [counts] = await sql.query(
    `select (select count(*) from ${staged}) - (select count(*) from chunk_kept) as left_out`,
  );
  return { staged: 'chunk_kept', leftOut: Number(counts?.left_out) };
}

/** Makes the table `attached` of a datamart's attached identifiers; `false` when it has none. */
async function fetchAttached(
  db: PostgresDatabase,
  scratch: Scratch,
  sql: Sql,
  datamartId: string,
): Promise<boolean> {
  const from = `from attached_identifier where datamart_id = ${literal(datamartId)}`;
  const [any] = await db.read((read) => read.query(`select 1 ${from} limit 1`));
  if (!any) return false;
  await scratch.withFile(async (file) => {
    await db.atOneMoment((read) =>
      read.copyOut(
        [`copy (select identifier_key, user_point_id, point_kinds ${from}) to stdout (format csv)`],
        file,
      ),
    );
    await sql.query(
      scratchStatement('read-attached').replace('FILE', () => `'${file.replaceAll("'", "''")}'`),
    );
  });
  return true;
}

async function pointCommands(sql: Sql, staged: string): Promise<string> {
  await sql.query(scratchStatement('point-attached', { staged }));
  return 'chunk_command';
}
