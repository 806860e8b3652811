import { SOURCE_FIELDS, type Source, type SourceRun } from '../../model/source.ts';
import type { ClaimedSource, SourceRecords } from '../source-records.ts';
import { noteChange } from './audit-log.ts';
import { type Database, literal, type Sql, textOrNull } from './database.ts';
import { sourceFileRecords } from './source-files.ts';
import { listRows, tableOf } from './table.ts';

const { read: toSource } = tableOf('source', SOURCE_FIELDS);
/** A record tells that there are credentials, never what they are. */
const COLUMNS = `*, credentials is not null as has_credentials,
  case when worker is not null then 'RUNNING' when requested_ts is null then 'IDLE' else 'PENDING' end as status`;

type Settings = Pick<SourceRecords, 'get' | 'list' | 'put' | 'remove'>;
type Secrets = Pick<SourceRecords, 'credentials' | 'replaceCredentials' | 'listCredentials' | 'noteHostKey'>;
type Runs = Pick<SourceRecords, 'request' | 'claim' | 'renewLease' | 'finish' | 'countFailing'>;

export function sourceRecords(db: Database): SourceRecords {
  return { ...settingRecords(db), ...secretRecords(db), ...runRecords(db), ...sourceFileRecords(db) };
}

function settingRecords(db: Database): Settings {
  return {
    get: (documentImportId) => db.read((sql) => getSource(sql, documentImportId)),

    list: ({ datamartId, page }) =>
      db.read((sql) => {
        const from = `source where datamart_id = ${literal(datamartId)}`;
        return listRows(sql, { from, columns: COLUMNS, order: 'document_import_id desc', page }, toSource);
      }),

    put: putSource(db),

    remove: (documentImportId, author) =>
      db.write(async (sql) => {
        const removed = await getSource(sql, documentImportId);
        if (!removed) return null;
        await removeSourceOf(sql, documentImportId);
        await noteChange(sql, author, { ...changeOf(removed), action: 'DELETE' });
        return removed;
      }),
  };
}

function secretRecords(db: Database): Secrets {
  return {
    credentials: (documentImportId) =>
      db.read(async (sql) => {
        const [row] = await sql.query(`select credentials from source where ${isOf(documentImportId)}`);
        return textOrNull(row?.credentials);
      }),

    replaceCredentials: ({ documentImportId, before, credentials }) =>
      db.write(async (sql) => {
        await sql.query(
          `update source set credentials = $1 where ${isOf(documentImportId)} and credentials = $2`,
          [credentials, before],
        );
      }),

    listCredentials: () =>
      db.read(async (sql) => {
        const rows = await sql.query(
          'select document_import_id, credentials from source where credentials is not null',
        );
        return new Map(rows.map((row) => [String(row.document_import_id), String(row.credentials)]));
      }),

    noteHostKey: (documentImportId, hostKey) =>
      db.write(async (sql) => {
        const [row] = await sql.query(
          `update source set known_host_key = coalesce(known_host_key, $1) where ${isOf(documentImportId)}
           returning known_host_key`,
          [hostKey],
        );
        return textOrNull(row?.known_host_key);
      }),
  };
}

function runRecords(db: Database): Runs {
  return {
    request: (documentImportId, { dryRun, now, author }) =>
      db.write(async (sql) => {
        const [row] = await sql.query(
          `update source set requested_dry_run = ${dryRun},
             requested_ts = case when worker is not null then greatest(${literal(now)}, run_start_ts + 1)
               else coalesce(requested_ts, ${literal(now)}) end
           where ${isOf(documentImportId)} returning ${COLUMNS}`,
        );
        if (!row) return null;
        const requested = toSource(row);
        sql.emit('SOURCE_DUE', documentImportId);
        const details = { dry_run: dryRun };
        await noteChange(sql, author, { ...changeOf(requested), action: 'RUN', details });
        return requested;
      }),

    claim: async (of) => {
      // asked every second, and a transaction costs more than a look
      const due = await db.read((sql) => findDue(sql, of.now));
      return due === null ? null : db.write((sql) => claimSource(sql, of));
    },

    renewLease: ({ documentImportId, worker, leaseUntil }) =>
      db.write(async (sql) => {
        const rows = await sql.query(
          `update source set lease_until = ${literal(leaseUntil)} where ${isOf(documentImportId)} and worker = $1
           returning document_import_id`,
          [worker],
        );
        return rows.length > 0;
      }),

    finish: ({ documentImportId, worker, run, nextRunTs }) =>
      db.write(async (sql) => {
        const ended = run === null ? '' : endOf(run);
        const rows = await sql.query(
          `update source set worker = null, lease_until = 0, run_start_ts = null,
             next_run_ts = ${nextRunTs === null ? 'null' : `case when enabled then ${literal(nextRunTs)} end`} ${ended}
           where ${isOf(documentImportId)} and worker = $1 returning document_import_id`,
          [worker, ...(run === null ? [] : [JSON.stringify(run)])],
        );
        return rows.length > 0;
      }),

    countFailing: (failures) =>
      db.read(async (sql) => {
        const [row] = await sql.query(
          `select count(*) as total from source where failures >= ${literal(failures)}`,
        );
        return Number(row?.total);
      }),
  };
}

/**
 * Removes the source of an import, with the record of its files; for the transaction that removes
 * the import too.
 */
export async function removeSourceOf(sql: Sql, documentImportId: string): Promise<void> {
  await sql.query(`delete from source_file where ${isOf(documentImportId)}`);
  await sql.query(`delete from source where ${isOf(documentImportId)}`);
}

/** What was asked for while it ran is still to be done. */
function endOf({ status, startDate }: SourceRun): string {
  return `, last_run = $2, failures = ${status === 'FAILED' ? 'failures + 1' : '0'},
    requested_ts = case when requested_ts > ${literal(startDate)} then requested_ts end`;
}

function putSource(db: Database): SourceRecords['put'] {
  return (asked, author) =>
    db.write(async (sql) => {
      const { documentImportId, datamartId, settings, credentials, forgetHostKey, nextRunTs, now } = asked;
      const owner = await sql.query(
        `select id from document_import where id = ${literal(documentImportId)} and datamart_id = ${literal(datamartId)}`,
      );
      if (owner.length === 0) return null;
      const before = await getSource(sql, documentImportId);
      const next = nextRunTs === null ? 'null' : literal(nextRunTs);
      if (before === null) {
        await sql.query(
          `insert into source (document_import_id, datamart_id, settings, credentials, enabled, creation_ts,
             last_modified_ts, next_run_ts, requested_dry_run, failures, lease_until)
           values (${literal(documentImportId)}, ${literal(datamartId)}, $1, $2, ${settings.enabled}, ${literal(now)},
             ${literal(now)}, ${next}, false, 0, 0)`,
          [JSON.stringify(settings), credentials === 'KEEP' ? null : credentials],
        );
      } else {
        const kept = credentials === 'KEEP';
        await sql.query(
          `update source set settings = $1, enabled = ${settings.enabled}, last_modified_ts = ${literal(now)},
             next_run_ts = ${next}, failures = 0, worker = null, lease_until = 0, run_start_ts = null
             ${kept ? '' : ', credentials = $2'} ${forgetHostKey ? ', known_host_key = null' : ''}
           where ${isOf(documentImportId)}`,
          [JSON.stringify(settings), ...(kept ? [] : [credentials])],
        );
      }
      const put = await getSource(sql, documentImportId);
      if (put === null) return null;
      sql.emit('SOURCE_DUE', documentImportId);
      const { kind } = settings.location;
      await noteChange(sql, author, {
        ...changeOf(put),
        action: before === null ? 'CREATE' : 'UPDATE',
        details: { kind, credentials_changed: credentials !== 'KEEP' && credentials !== null },
      });
      return put;
    });
}

const DUE_TS = 'coalesce(requested_ts, case when enabled then next_run_ts end)';

function isDue(now: number): string {
  return `${DUE_TS} <= ${literal(now)} and lease_until <= ${literal(now)}`;
}

async function findDue(sql: Sql, now: number): Promise<string | null> {
  const [due] = await sql.query(
    `select document_import_id from source where ${isDue(now)} order by ${DUE_TS}, document_import_id limit 1`,
  );
  return due ? String(due.document_import_id) : null;
}

async function claimSource(
  sql: Sql,
  { worker, now, leaseUntil }: { readonly worker: string; readonly now: number; readonly leaseUntil: number },
): Promise<ClaimedSource | null> {
  const due = await findDue(sql, now);
  if (due === null) return null;
  // another node may have been quicker
  const [row] = await sql.query(
    `update source set worker = $1, lease_until = ${literal(leaseUntil)}, run_start_ts = ${literal(now)}
     where ${isOf(due)} and ${isDue(now)} returning ${COLUMNS}`,
    [worker],
  );
  if (!row) return null;
  const isRequested = row.requested_ts !== null;
  return {
    source: toSource(row),
    trigger: isRequested ? 'REQUEST' : Number(row.failures) > 0 ? 'RETRY' : 'SCHEDULE',
    dryRun: isRequested && Boolean(row.requested_dry_run),
    startDate: now,
  };
}

function isOf(documentImportId: string): string {
  return `document_import_id = ${literal(documentImportId)}`;
}

function changeOf({ documentImportId, datamartId }: Source) {
  return { resourceType: 'source', resourceId: documentImportId, datamartId } as const;
}

async function getSource(sql: Sql, documentImportId: string): Promise<Source | null> {
  const [row] = await sql.query(`select ${COLUMNS} from source where ${isOf(documentImportId)}`);
  return row ? toSource(row) : null;
}
