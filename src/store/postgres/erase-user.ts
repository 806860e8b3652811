import { passFaultPoint } from '../../fault-points.ts';
import type { Erasure } from '../../model/erasure.ts';
import type { Identifier } from '../../model/identifier.ts';
import { forgetMessages } from '../records/command-calls.ts';
import { createErasure } from '../records/erasures.ts';
import type { Store } from '../store.ts';
import { findUserPoint, identifiersOf, uuid } from './look-ups.ts';
import { tallyOfPoint } from './points.ts';
import type { PostgresDatabase } from './postgres-database.ts';
import { outdateCatalogue } from './record-versions.ts';
import { addToTally } from './segment-tally.ts';
import { forgetInSlots } from './staged-pairs.ts';

/**
 * `Store.eraseUser`: alone, so that no merge is half done with the user, and every later one knows.
 */
export async function eraseUser(
  db: PostgresDatabase,
  { datamartId, user, now, author }: Parameters<Store['eraseUser']>[0],
): Promise<Erasure | null> {
  const erased = await db.writeAlone(async (sql) => {
    const point = await findUserPoint(sql, { datamartId, user });
    if (point === null && user.by === 'user_point_id') return null;
    const known: readonly Identifier[] = point === null ? [] : await identifiersOf(sql, point);
    const sought = user.by === 'identifier' && known.length === 0 ? [user.identifier] : known;
    let memberships = 0;
    if (point !== null) {
      const tally = await tallyOfPoint(sql, point);
      await addToTally(
        sql,
        tally.map((change) => ({ ...change, members: -change.members })),
      );
      memberships = await sql.change(`delete from membership where user_point_id = ${uuid(point)}`);
      for (const table of ['user_point', 'attached_identifier', 'membership_change'])
        await sql.query(`delete from ${table} where user_point_id = ${uuid(point)}`);
      await forgetInSlots(sql, uuid(point));
    }
    await forgetMessages(sql, datamartId);
    const of = { datamartId, sought, known: known.length, memberships, now };
    const erasure = await createErasure(sql, author === undefined ? of : { ...of, author });
    // commands that are staged now may be for the user
    await outdateCatalogue(sql, datamartId);
    passFaultPoint('erasure-before-commit');
    return erasure;
  });
  passFaultPoint('erasure-after-commit');
  return erased;
}
