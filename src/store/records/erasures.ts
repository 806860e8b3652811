import { ERASURE_FIELDS, type Erasure, type Sought } from '../../model/erasure.ts';
import { KIND_BIT, kindOfBit } from '../../model/identifier.ts';
import { replaceWord } from '../../model/words.ts';
import type { ErasureRecords, FilesChecked, UserErased } from '../access-records.ts';
import { noteChange } from './audit-log.ts';
import { type Database, literal, type Row, type Sql } from './database.ts';
import { eraseFromSources } from './source-files.ts';
import { listRows, tableOf } from './table.ts';

const { read: toErasure } = tableOf('erasure', ERASURE_FIELDS);
const COLUMNS = `e.*, identifiers as identifiers_removed, memberships as memberships_removed,
  (select count(*) from erasure_execution x where x.erasure_id = e.id) as executions_left`;

/** `onClosed` is called after a write that may have ended erasures. */
export function erasureRecords(db: Database, onClosed: () => Promise<void>): ErasureRecords {
  return {
    get: (id) => db.read((sql) => getErasure(sql, id)),

    list: ({ datamartId, page }) =>
      db.read((sql) => {
        const from = `erasure e where datamart_id = ${literal(datamartId)}`;
        return listRows(sql, { from, columns: COLUMNS, order: 'id desc', page }, toErasure);
      }),

    nextFiles: (afterExecutionId) =>
      db.read(async (sql) => {
        const [next] = await sql.query(
          `select x.execution_id from erasure_execution x left join execution e on e.id = x.execution_id
           where x.execution_id > ${literal(afterExecutionId)}
             and (e.id is null or e.status not in ('PENDING', 'RUNNING'))
           order by x.execution_id limit 1`,
        );
        if (!next) return null;
        const executionId = String(next.execution_id);
        const rows = await sql.query(
          `select i.* from erasure_identifier i join erasure_execution x on x.erasure_id = i.erasure_id
           where x.execution_id = ${literal(executionId)}`,
        );
        return { executionId, sought: rows.map(toSought) };
      }),

    noteFiles: async ({ executionId, checked, now }) => {
      await db.write(async (sql) => {
        for (const each of checked) await noteChecked(sql, executionId, each);
        await closeErasures(sql, now);
      });
      await onClosed();
    },
  };
}

async function noteChecked(sql: Sql, executionId: string, of: FilesChecked): Promise<void> {
  await sql.query(
    `update erasure set files_rewritten = files_rewritten + ${literal(of.filesRewritten)},
       lines_removed = lines_removed + ${literal(of.linesRemoved)}
     where id = ${literal(of.erasureId)}`,
  );
  await sql.query(
    `delete from erasure_execution
     where erasure_id = ${literal(of.erasureId)} and execution_id = ${literal(executionId)}`,
  );
}

/**
 * Notes an erasure and the executions whose files it has to go through; for the transaction that
 * removes the user.
 */
export async function createErasure(
  sql: Sql,
  { datamartId, sought, memberships, known, now, author }: UserErased,
): Promise<Erasure> {
  const [row] = await sql.query(
    `insert into erasure (id, datamart_id, status, creation_date, user_id, identifiers, memberships,
       files_rewritten, lines_removed)
     values (nextval('erasure_id'), ${literal(datamartId)}, 'PENDING', ${literal(now)}, $1, ${literal(known)},
       ${literal(memberships)}, 0, 0) returning id`,
    [author?.tokenId ?? null],
  );
  const id = String(row?.id);
  sql.emit('USER_ERASED', id);
  for (const { kind, compartmentId, value } of sought) {
    await sql.query(
      `insert into erasure_identifier (erasure_id, kind, compartment_id, value)
       values (${literal(id)}, ${KIND_BIT[kind]}, ${literal(compartmentId)}, $1)`,
      [value],
    );
  }
  await sql.query(
    `insert into erasure_execution (erasure_id, execution_id)
     select ${literal(id)}, e.id from execution e
     where e.datamart_id = ${literal(datamartId)} and e.files_removed_date is null`,
  );
  await eraseFromNames(sql, { datamartId, sought });
  await closeErasures(sql, now);
  await noteChange(sql, author, {
    action: 'ERASE',
    resourceType: 'erasure',
    resourceId: id,
    datamartId,
  });
  return (await getErasure(sql, id)) as Erasure;
}

/** Stands in a file's name where an identifier was. */
const ERASED = 'erased';

/**
 * Takes identifiers out of the names of files, of those too that are gone: their executions are
 * still listed.
 */
async function eraseFromNames(
  sql: Sql,
  { datamartId, sought }: Pick<UserErased, 'datamartId' | 'sought'>,
): Promise<void> {
  for (const { value } of sought) {
    const rows = await sql.query(
      `select id, document_name from execution
       where datamart_id = ${literal(datamartId)} and strpos(document_name, $1) > 0`,
      [value],
    );
    for (const row of rows) {
      const name = String(row.document_name);
      const without = replaceWord(name, value, ERASED);
      if (without !== name)
        await sql.query(`update execution set document_name = $1 where id = ${literal(String(row.id))}`, [
          without,
        ]);
    }
    await eraseFromSources(sql, {
      ...{ datamartId, value },
      erase: (text) => replaceWord(text, value, ERASED),
    });
  }
}

/** Ends the erasures that have nothing left to look through, and forgets whom they were about. */
async function closeErasures(sql: Sql, now: number): Promise<void> {
  await sql.query(
    `update erasure set status = 'DONE', end_date = ${literal(now)}
     where status = 'PENDING' and id not in (select erasure_id from erasure_execution)`,
  );
  await sql.query(
    `delete from erasure_identifier where erasure_id in (select id from erasure where status = 'DONE')`,
  );
}

/**
 * Whether an execution may not bring somebody back: its file was there when that user was erased.
 */
export async function concernsErased(sql: Sql, executionIds: readonly string[]): Promise<boolean> {
  const ids = executionIds.map(literal).join(', ') || 'null';
  const rows = await sql.query(`select 1 from erasure_execution where execution_id in (${ids}) limit 1`);
  return rows.length > 0;
}

export async function arePending(sql: Sql): Promise<boolean> {
  return (await sql.query(`select 1 from erasure where status = 'PENDING' limit 1`)).length > 0;
}

async function getErasure(sql: Sql, id: string): Promise<Erasure | null> {
  const [row] = await sql.query(`select ${COLUMNS} from erasure e where id = ${literal(id)}`);
  return row ? toErasure(row) : null;
}

function toSought(row: Row): Sought {
  return {
    erasureId: String(row.erasure_id),
    kind: kindOfBit(Number(row.kind)),
    compartmentId: String(row.compartment_id),
    value: String(row.value),
  };
}
