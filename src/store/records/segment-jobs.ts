import type { ExecutionStatus } from '../../model/execution.ts';
import type { Listed, Page } from '../../model/records.ts';
import { type Database, limits, literal, parameters, type Row } from './database.ts';

type SegmentJobs<T> = {
  list(of: { segmentId: string; statuses?: readonly ExecutionStatus[]; page: Page }): Promise<Listed<T>>;
  claim(now: number): Promise<T | null>;
  release(): Promise<void>;
};

/** What the tables of jobs about one segment have in common: how they are listed and taken, one after the other. */
export function segmentJobs<T>(
  db: Database,
  {
    table,
    columns = '*',
    toJob,
  }: {
    readonly table: 'segment_export' | 'overlap_analysis';
    readonly columns?: string;
    readonly toJob: (row: Row) => T;
  },
): SegmentJobs<T> {
  return {
    list: ({ segmentId, statuses, page }) =>
      db.read(async (sql) => {
        const given = parameters();
        const among = statuses?.map((status) => given.add(status)).join(', ');
        const where = `segment_id = ${literal(segmentId)} ${among === undefined ? '' : `and status in (${among})`}`;
        const rows = await sql.query(
          `select ${columns} from ${table} where ${where} order by id desc ${limits(page)}`,
          given.values,
        );
        const [count] = await sql.query(
          `select count(*) as total from ${table} where ${where}`,
          given.values,
        );
        return { elements: rows.map(toJob), total: Number(count?.total) };
      }),

    claim: (now) =>
      db.write(async (sql) => {
        const [row] = await sql.query(
          `update ${table} set status = 'RUNNING', start_date = ${literal(now)}
           where id = (select min(id) from ${table} where status = 'PENDING') returning ${columns}`,
        );
        return row ? toJob(row) : null;
      }),

    release: () =>
      db.write(async (sql) => {
        await sql.query(`update ${table} set status = 'PENDING', start_date = null where status = 'RUNNING'`);
      }),
  };
}
