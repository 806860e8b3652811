import type { Author } from '../../model/audit.ts';
import { type NewSegment, SEGMENT_FIELDS, type Segment } from '../../model/segment.ts';
import type { SegmentFilter, SegmentOrder, SegmentRecords } from '../catalogue-records.ts';
import { membersOf, noteChange } from './audit-log.ts';
import { invalidateCatalogue } from './catalogue-version.ts';
import { containing, type Database, parameters, type Sql, type SqlValue } from './database.ts';
import { cancelPending, type NoteEnds } from './execution-ends.ts';
import { removeExecutions } from './executions.ts';
import { removeExports } from './exports.ts';
import { createMissingSegments } from './missing-segments.ts';
import { removeOverlapAnalyses } from './overlap-analyses.ts';
import { listRows, tableOf } from './table.ts';

export const segmentTable = tableOf('segment', SEGMENT_FIELDS);

/** What the segments need of an engine's big tables. */
export type MembershipHooks = {
  /** Removes every membership of a segment, inside the transaction of `sql`. */
  readonly removeMemberships: (sql: Sql, segmentId: string) => Promise<void>;
  /**
   * A select of `segment_id` and the SIZE_COLUMN of each segment that has members at `now`, without
   * parameters.
   */
  readonly sizes: (sql: Sql, now: number) => Promise<string>;
};

/** Orders by size, and the column of `sizes` each is by. */
const SIZE_COLUMN: Partial<Record<SegmentOrder['by'], string>> = {
  user_points_count: 'user_points',
  user_accounts_count: 'user_accounts',
  emails_count: 'emails',
  user_agents_count: 'user_agents',
};

/** `noteEnds` is told of the PENDING executions that go with their segment. */
export function segmentRecords(db: Database, hooks: MembershipHooks, noteEnds: NoteEnds): SegmentRecords {
  return {
    list: ({ filter, order, page, now }) =>
      db.read(async (sql) => {
        const given = parameters();
        const where = conditions(filter, given.add).join(' and ') || 'true';
        const sized =
          order.by in SIZE_COLUMN
            ? `segment left join (${await hooks.sizes(sql, now)}) size on segment_id = id`
            : 'segment';
        const query = {
          ...{ from: `${sized} where ${where}`, counted: `segment where ${where}`, columns: 'segment.*' },
          ...{ order: orderBy(order), page, values: given.values },
        };
        return listRows(sql, query, segmentTable.read);
      }),

    get: (id) => db.read((sql) => segmentTable.get(sql, id)),

    create: (segment, author) => db.write((sql) => createSegment(sql, segment, author)),

    createMissing: (of) => db.write((sql) => createMissingSegments(sql, of, createSegment)),

    update: (id, change, { now, author }) =>
      db.write(async (sql) => {
        const before = await segmentTable.get(sql, id);
        if (!before) return null;
        if (await isNameTaken(sql, before.datamartId, change.technicalName ?? null, id))
          return 'TECHNICAL_NAME_TAKEN';
        const after = await segmentTable.update(sql, id, { ...change, lastModifiedTs: now });
        if (after && !meansTheSame(before, after)) await invalidateCatalogue(sql, before.datamartId);
        const note = { ...changeOf(before), action: 'UPDATE' as const, details: membersOf(change) };
        if (after) await noteChange(sql, author, note);
        return after;
      }),

    remove: (id, author) =>
      db.writeAlone(async (sql) => {
        const segment = await segmentTable.get(sql, id);
        if (!segment) return null;
        await hooks.removeMemberships(sql, id);
        if (author !== undefined)
          await cancelPending(sql, { owner: 'segment_id', id, now: author.at }, noteEnds);
        const uploads = await removeExecutions(sql, 'segment_id', id);
        const folders = [...uploads, ...(await removeExports(sql, id))];
        await removeOverlapAnalyses(sql, id);
        await sql.query('delete from segment where id = cast($1 as bigint)', [id]);
        await invalidateCatalogue(sql, segment.datamartId);
        await noteChange(sql, author, { ...changeOf(segment), action: 'DELETE' });
        return { removed: segment, folders };
      }),
  };
}

async function createSegment(
  sql: Sql,
  { now, ...segment }: NewSegment,
  author?: Author,
): Promise<Segment | 'TECHNICAL_NAME_TAKEN'> {
  if (await isNameTaken(sql, segment.datamartId, segment.technicalName, null)) return 'TECHNICAL_NAME_TAKEN';
  const created = await segmentTable.insert(sql, { ...segment, creationTs: now, lastModifiedTs: now });
  await noteChange(sql, author, { ...changeOf(created), action: 'CREATE' });
  return created;
}

function changeOf({ id, datamartId }: Segment) {
  return { resourceType: 'segment', resourceId: id, datamartId } as const;
}

/** Whether commands that were checked against one can be applied to the other. */
function meansTheSame(before: Segment, after: Segment): boolean {
  return (
    before.technicalName === after.technicalName &&
    before.paused === after.paused &&
    before.defaultTtlMs === after.defaultTtlMs
  );
}

function conditions(filter: SegmentFilter, add: (value: SqlValue) => string): string[] {
  const where: string[] = [];
  const anyOf = (values: readonly string[], cast: string) =>
    values.map((value) => `cast(${add(value)} as ${cast})`).join(', ') || 'null';
  if (filter.datamartIds !== null) where.push(`datamart_id in (${anyOf(filter.datamartIds, 'bigint')})`);
  if (filter.organisationId !== undefined)
    where.push(`organisation_id = cast(${add(filter.organisationId)} as bigint)`);
  if (filter.technicalName !== undefined) where.push(`technical_name = ${add(filter.technicalName)}`);
  if (filter.keywords !== undefined) where.push(`name ilike ${add(containing(filter.keywords))} escape '\\'`);
  if (filter.types !== undefined) where.push(`type in (${anyOf(filter.types, 'text')})`);
  if (filter.feedTypes !== undefined)
    where.push(`(feed_type is null or feed_type in (${anyOf(filter.feedTypes, 'text')}))`);
  if (filter.subtype !== undefined) where.push(`subtype = ${add(filter.subtype)}`);
  if (filter.persisted !== undefined) where.push(`persisted = ${add(filter.persisted)}`);
  return where;
}

function orderBy({ by, descending }: SegmentOrder): string {
  const direction = descending ? 'desc' : 'asc';
  const size = SIZE_COLUMN[by];
  const expression = size !== undefined ? `coalesce(${size}, 0)` : by === 'name' ? 'lower(name)' : by;
  return by === 'id' ? `id ${direction}` : `${expression} ${direction} nulls last, id ${direction}`;
}

async function isNameTaken(
  sql: Sql,
  datamartId: string,
  name: string | null,
  byOtherThan: string | null,
): Promise<boolean> {
  if (name === null) return false;
  const rows = await sql.query(
    'select id from segment where datamart_id = cast($1 as bigint) and technical_name = $2',
    [datamartId, name],
  );
  return rows.some((row) => String(row.id) !== byOtherThan);
}
