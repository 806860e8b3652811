import type { SegmentRecords } from '../catalogue-records.ts';
import { literal, type Sql } from '../records/database.ts';
import type { NoteEnds } from '../records/execution-ends.ts';
import type { KeptRecords } from '../records/keep-records.ts';
import { segmentRecords } from '../records/segments.ts';
import { changeRows } from './big-tables.ts';
import type { DuckDbDatabase } from './duckdb-database.ts';
import type { MergeContext } from './merge-engine.ts';
import { statement } from './statements.ts';

/** `Store.segments` of the embedded store. */
export function segmentCalls(
  db: DuckDbDatabase,
  {
    kept,
    sizes,
    serving,
    noteEnds,
  }: Pick<MergeContext, 'sizes' | 'serving'> & { readonly kept: KeptRecords; readonly noteEnds: NoteEnds },
): SegmentRecords {
  const segments = segmentRecords(
    // a list by size counts all memberships
    { ...kept.noticing, read: db.readLong },
    { removeMemberships, sizes: async (_, now) => statement('segment-sizes', { now: Math.trunc(now) }) },
    noteEnds,
  );
  return {
    ...segments,
    get: kept.getSegment,
    remove: async (id, author) => {
      const removal = await sizes.forgetAfter(segments.remove(id, author));
      serving.noteLitter('SEGMENT');
      return removal;
    },
  };
}

async function removeMemberships(sql: Sql, segmentId: string): Promise<void> {
  const where = `where segment_id = ${literal(segmentId)}`;
  await changeRows(sql, 'membership', (table) => `delete from ${table} ${where}`);
  await sql.query(`delete from membership_change ${where}`);
}
