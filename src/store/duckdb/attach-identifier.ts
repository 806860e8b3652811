import { KIND_BIT } from '../../model/identifier.ts';
import { userKey } from '../../model/user-key.ts';
import { noteLink } from '../records/audit-log.ts';
import { runKey } from '../serving/run-key.ts';
import type { Store } from '../store.ts';
import { BIG_TABLES, changeRows } from './big-tables.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import { findUserPoint, isPoint } from './look-ups.ts';
import type { MergeContext } from './merge-engine.ts';
import { noteWriting } from './runs.ts';

/** `Store.attachIdentifier` for the embedded store, in the turn of a merge. */
export function attachIdentifier(
  db: DuckDbDatabase,
  { datamartId, identifier, userPointId, now, author }: Parameters<Store['attachIdentifier']>[0],
  { points, runs, serving, sizes }: Pick<MergeContext, 'points' | 'runs' | 'serving' | 'sizes'>,
): ReturnType<Store['attachIdentifier']> {
  const attached = serving.recording(db.merge, async (sql, draft): ReturnType<Store['attachIdentifier']> => {
    const key = userKey(datamartId, identifier);
    const known = await findUserPoint(sql, { datamartId, user: { by: 'identifier', identifier } });
    const [point] = await sql.query(
      `select point_kinds from user_identifier where ${isPoint(userPointId)} and datamart_id = ${BigInt(datamartId)} limit 1`,
    );
    if (!point) return null;
    if (known !== null) return known.hi === userPointId.hi && known.lo === userPointId.lo ? 'OWN' : 'TAKEN';
    const kinds = Number(point.point_kinds) | KIND_BIT[identifier.kind];
    points.areOwnKeys = false;
    noteWriting(runs, 'user_identifier');
    await sql.query(
      `insert into user_identifier_recent values (${key.hi}, ${key.lo}, ${userPointId.hi}, ${userPointId.lo}, ${kinds},
         ${BigInt(datamartId)}, ${KIND_BIT[identifier.kind]}, ${BigInt(identifier.compartmentId)}, $1, ${Math.trunc(now)})`,
      [identifier.value],
    );
    const update = (part: string) =>
      `update ${part} set point_kinds = ${kinds} where ${isPoint(userPointId)}`;
    for (const { table } of BIG_TABLES) await changeRows(sql, table, update);
    await draft.write((writer) => writer.alias(runKey(key), runKey(userPointId)));
    await noteLink(sql, author, { datamartId, identifier });
    return 'ATTACHED';
  });
  return sizes.forgetAfter(attached);
}
