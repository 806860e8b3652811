import { QUARTER_MS } from '../../model/history.ts';
import type { UuidHalves } from '../../model/identifier.ts';
import { formatUuid } from '../../model/identifier.ts';
import type { Sql } from '../records/database.ts';
import type { TallyChange } from './segment-tally.ts';

/** The memberships of a user point, as they are counted in the tally. */
export async function tallyOfPoint(sql: Sql, point: UuidHalves): Promise<readonly TallyChange[]> {
  const rows = await sql.query(
    `select segment_id, point_kinds, coalesce(expiration_ts / ${QUARTER_MS}, -1) as expiry_quarter
     from membership where user_point_id = '${formatUuid(point)}'`,
  );
  return rows.map((row) => ({
    segmentId: String(row.segment_id),
    pointKinds: Number(row.point_kinds),
    expiryQuarter: String(row.expiry_quarter),
    members: 1,
  }));
}
