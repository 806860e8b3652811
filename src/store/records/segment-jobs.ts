import type { ExecutionStatus } from '../../model/execution.ts';
import type { Fields, RecordOf } from '../../model/record.ts';
import type { Listed, Page } from '../../model/records.ts';
import type { JobLoad } from '../job-records.ts';
import { type Database, literal, parameters } from './database.ts';
import { listRows, type Table } from './table.ts';

type SegmentJobs<T> = {
  loadOf(of: { readonly datamartId: string; readonly userId: string | null }): Promise<JobLoad>;
  list(of: { segmentId: string; statuses?: readonly ExecutionStatus[]; page: Page }): Promise<Listed<T>>;
  claim(now: number): Promise<T | null>;
  release(): Promise<void>;
};

/**
 * What the tables of jobs about one segment have in common: how they are listed and taken, one
 * after the other.
 */
export function segmentJobs<F extends Fields>(
  db: Database,
  table: 'segment_export' | 'overlap_analysis',
  { columns, read }: Table<F>,
): SegmentJobs<RecordOf<F>> {
  return {
    loadOf: ({ datamartId, userId }) =>
      db.read(async (sql) => {
        const isOpen = `status in ('PENDING', 'RUNNING')`;
        const ofDatamart = `datamart_id = ${literal(datamartId)}`;
        const [row] = await sql.query(
          `select count(*) filter (where ${isOpen}) as open_all,
             count(*) filter (where ${isOpen} and ${ofDatamart}) as open_of_datamart,
             count(*) filter (where ${isOpen} and user_id = $1) as open_of_token,
             coalesce(sum(bytes) filter (where ${ofDatamart}), 0) as bytes_of_datamart,
             coalesce(sum(bytes) filter (where user_id = $1), 0) as bytes_of_token
           from ${table} where ${isOpen} or bytes is not null`,
          [userId],
        );
        return {
          open: {
            all: Number(row?.open_all),
            ofDatamart: Number(row?.open_of_datamart),
            ofToken: Number(row?.open_of_token),
          },
          bytes: { ofDatamart: Number(row?.bytes_of_datamart), ofToken: Number(row?.bytes_of_token) },
        };
      }),

    list: ({ segmentId, statuses, page }) =>
      db.read(async (sql) => {
        const given = parameters();
        const among = statuses?.map((status) => given.add(status)).join(', ');
        const where = `segment_id = ${literal(segmentId)} ${among === undefined ? '' : `and status in (${among})`}`;
        const query = {
          from: `${table} where ${where}`,
          columns,
          order: 'id desc',
          page,
          values: given.values,
        };
        return listRows(sql, query, read);
      }),

    claim: (now) =>
      db.write(async (sql) => {
        const [row] = await sql.query(
          `update ${table} set status = 'RUNNING', start_date = ${literal(now)}
           where id = (
             select p.id from ${table} p
             left join (select datamart_id, max(start_date) as last from ${table} group by datamart_id) d
               on d.datamart_id = p.datamart_id
             left join (select datamart_id, user_id, max(start_date) as last from ${table} group by datamart_id, user_id) u
               on u.datamart_id = p.datamart_id and u.user_id = p.user_id
             where p.status = 'PENDING'
             order by coalesce(d.last, 0), coalesce(u.last, 0), p.id limit 1)
           returning ${columns}`,
        );
        return row ? read(row) : null;
      }),

    release: () =>
      db.write(async (sql) => {
        await sql.query(`update ${table} set status = 'PENDING', start_date = null where status = 'RUNNING'`);
      }),
  };
}
