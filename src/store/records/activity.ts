import type { ActiveHour, Activity } from '../../model/activity.ts';
import type { ExecutionStatus } from '../../model/execution.ts';
import type { Statement } from '../statements.ts';
import type { Store } from '../store.ts';
import { literal, type Row, type Sql } from './database.ts';
import type { KeptRecords } from './keep-records.ts';
import { readKnownSince } from './membership-changes.ts';

const HOUR_MS = 3_600_000;

/** What a store tells of what went on lately. */
export function activityCalls({
  segments: keptSegments,
  statement,
  atOneMoment,
}: {
  readonly segments: KeptRecords['segments'];
  readonly statement: Statement;
  readonly atOneMoment: <T>(work: (sql: Sql) => Promise<T>) => Promise<T>;
}): Pick<Store, 'countActivity'> {
  return {
    countActivity: async ({ datamartId, from, now }) => {
      const segments = await keptSegments();
      return atOneMoment(async (sql): Promise<Activity> => {
        const first = Math.floor(from / HOUR_MS) * HOUR_MS;
        const values = { datamart_id: literal(datamartId), from: literal(from), now: literal(now) };
        const executions = await sql.query(statement('count-active-executions', values));
        const hours = await sql.query(
          statement('count-lines-by-hour', { ...values, first, hour_ms: HOUR_MS }),
        );
        const changes = await sql.query(statement('count-changes-by-segment', { from: values.from }));
        return {
          executions: executions.map((row) => ({
            status: String(row.status) as ExecutionStatus,
            executions: Number(row.executions),
            withFailedLines: Number(row.with_failed_lines),
          })),
          hours: hoursOf(hours, { first, from, now }),
          segments: changes
            .filter((row) => segments.get(String(row.segment_id))?.datamartId === datamartId)
            .map((row) => ({
              segmentId: String(row.segment_id),
              entries: Number(row.entries),
              exits: Number(row.exits),
            })),
          knownSince: await readKnownSince(sql),
        };
      });
    },
  };
}

/** All hours of the time, also those in which nothing ran. */
function hoursOf(
  rows: readonly Row[],
  { first, from, now }: { readonly first: number; readonly from: number; readonly now: number },
): readonly ActiveHour[] {
  const found = new Map(rows.map((row) => [Number(row.hour_from), row]));
  const hours: ActiveHour[] = [];
  for (let start = first; start < now; start += HOUR_MS) {
    const hour = { from: Math.max(start, from), to: Math.min(start + HOUR_MS, now) };
    const row = found.get(hour.from);
    hours.push({
      ...hour,
      applied: Math.round(Number(row?.applied ?? 0)),
      failed: Math.round(Number(row?.failed ?? 0)),
    });
  }
  return hours;
}
