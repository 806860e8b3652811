import { passFaultPoint } from '../../fault-points.ts';
import type { Erasure } from '../../model/erasure.ts';
import type { Identifier, UuidHalves } from '../../model/identifier.ts';
import { userKey } from '../../model/user-key.ts';
import { forgetMessages } from '../records/command-calls.ts';
import { literal, type Sql } from '../records/database.ts';
import { arePending, concernsErased, createErasure } from '../records/erasures.ts';
import { compareKeys, runKey } from '../serving/run-key.ts';
import type { Store } from '../store.ts';
import { type BigTableName, changeRows } from './big-tables.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { findUserPoint, identifiersOf, isPoint } from './look-ups.ts';
import type { SegmentSizes } from './segment-sizes.ts';
import type { Serving } from './serving.ts';

/** What merges have to know of erasures: mostly nothing, which spares them a query. */
export type PendingErasures = {
  any: boolean;
  /** How many were begun in this process. */
  begun: number;
};

export async function readPendingErasures(db: DuckDbDatabase): Promise<PendingErasures> {
  return { any: await db.read(arePending), begun: 0 };
}

/** Sees whether there are any left; one that begins meanwhile is not overlooked. */
export async function refreshPending(db: DuckDbDatabase, pending: PendingErasures): Promise<void> {
  const { begun } = pending;
  const any = await db.read(arePending);
  if (pending.begun === begun) pending.any = any;
}

/**
 * `Store.eraseUser`: alone, so that no merge is half way with the user, and every later one knows.
 */
export async function eraseUser(
  db: DuckDbDatabase,
  { datamartId, user, now, author }: Parameters<Store['eraseUser']>[0],
  {
    erasures,
    serving,
    sizes,
  }: { readonly erasures: PendingErasures; readonly serving: Serving; readonly sizes: SegmentSizes },
): Promise<Erasure | null> {
  // before it is so: a merge that comes right after it must know
  erasures.any = true;
  erasures.begun += 1;
  const erasing = serving.recording(db.writeAlone, async (sql, draft) => {
    const point = await findUserPoint(sql, { datamartId, user });
    if (point === null && user.by === 'user_point_id') return null;
    const known: readonly Identifier[] = point === null ? [] : await identifiersOf(sql, point);
    const sought = user.by === 'identifier' && known.length === 0 ? [user.identifier] : known;
    const memberships = point === null ? 0 : await remove(sql, 'membership', point);
    if (point !== null) {
      await remove(sql, 'user_identifier', point);
      await sql.query(`delete from membership_change where ${isPoint(point)}`);
      const keys = known.map((identifier) => runKey(userKey(datamartId, identifier)));
      await draft.write((writer) => {
        for (const key of keys.sort(compareKeys)) writer.erased(key);
      });
    }
    await forgetMessages(sql, datamartId);
    const of = { datamartId, sought, known: known.length, memberships, now };
    const erasure = await createErasure(sql, author === undefined ? of : { ...of, author });
    passFaultPoint('erasure-before-commit');
    return erasure;
  });
  const erased = await sizes.forgetAfter(erasing);
  passFaultPoint('erasure-after-commit');
  if (erased?.status !== 'PENDING') await refreshPending(db, erasures);
  return erased;
}

function remove(sql: Sql, table: BigTableName, point: UuidHalves): Promise<number> {
  return changeRows(sql, table, (part) => `delete from ${part} where ${isPoint(point)}`);
}

/**
 * The commands of a chunk without those for users who were erased after the file had come;
 * `leftOut` is how many there were. A table of its own, since a transaction writes to one database
 * alone and the staged ones are in another.
 */
export async function leaveOutErased(
  sql: Sql,
  { executionIds, staged }: { readonly executionIds: readonly string[]; readonly staged: string },
): Promise<{ staged: string; leftOut: number }> {
  if (!(await concernsErased(sql, executionIds))) return { staged, leftOut: 0 };
  await sql.query(
    `create or replace temp table chunk_kept as select s.* from ${staged} s where not exists (
       select 1 from erasure_identifier i join erasure_execution x on x.erasure_id = i.erasure_id
       where x.execution_id in (${executionIds.map(literal).join(', ')})
         and i.kind = s.kind and i.compartment_id = s.compartment_id and i.value = s.value
     )`,
  );
  const [counts] = await sql.query(
    `select (select count(*) from ${staged}) - (select count(*) from chunk_kept) as left_out`,
  );
  return { staged: 'chunk_kept', leftOut: Number(counts?.left_out) };
}
