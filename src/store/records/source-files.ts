import { createHash } from 'node:crypto';
import type { Execution } from '../../model/execution.ts';
import {
  isSameVersion,
  type NewSourceFile,
  type SourceFile,
  type SourceRun,
  STORED_SOURCE_FILE_FIELDS,
} from '../../model/source.ts';
import type { Upload } from '../execution-records.ts';
import type { SourceRecords } from '../source-records.ts';
import { type Database, literal, parameters, type Sql } from './database.ts';
import { listRows, tableOf } from './table.ts';

const files = tableOf('source_file', STORED_SOURCE_FILE_FIELDS);

type FileCalls = Pick<SourceRecords, 'listFiles' | 'lastFiles' | 'lastTaken' | 'noteFile' | 'notePutAway'>;

/** Names that are asked for in one statement. */
const NAMES_AT_A_TIME = 500;

export function sourceFileRecords(db: Database): FileCalls {
  return {
    listFiles: ({ documentImportId, statuses, page }) =>
      db.read((sql) => {
        const given = parameters();
        const where = [`document_import_id = ${literal(documentImportId)}`];
        if (statuses !== undefined)
          where.push(`status in (${statuses.map((status) => given.add(status)).join(', ')})`);
        const from = `source_file where ${where.join(' and ')}`;
        return listRows(sql, { from, order: 'id desc', page, values: given.values }, files.read);
      }),

    lastFiles: (documentImportId, names) =>
      db.read(async (sql) => {
        const found = new Map<string, SourceFile>();
        for (let i = 0; i < names.length; i += NAMES_AT_A_TIME) {
          const some = names.slice(i, i + NAMES_AT_A_TIME);
          const last = await lastOf(sql, { documentImportId, names: some, where: 'true' });
          for (const name of some) {
            const file = last.get(name);
            if (file !== undefined) found.set(name, file);
          }
        }
        return found;
      }),

    lastTaken: (documentImportId, name) =>
      db.read(async (sql) => {
        const of = { documentImportId, names: [name], where: `status = 'TAKEN'` };
        return (await lastOf(sql, of)).get(name) ?? null;
      }),

    noteFile: (file) =>
      db.write(async (sql) => {
        const { documentImportId, name } = file;
        const last = (await lastOf(sql, { documentImportId, names: [name], where: 'true' })).get(name);
        if (last !== undefined && last.status !== 'TAKEN' && isSameVersion(last, file))
          await sql.query(`delete from source_file where id = ${literal(last.id)}`);
        await insertFile(sql, file);
      }),

    notePutAway: (fileId) =>
      db.write(async (sql) => {
        await sql.query(`update source_file set to_put_away = false where id = ${literal(fileId)}`);
      }),
  };
}

/**
 * Notes the files of a source that became executions, in the transaction of those: so that a file
 * is taken and known to be, or neither. One that led to an execution which was there already was
 * noted with it.
 */
export async function noteTaken(
  sql: Sql,
  uploads: readonly Upload[],
  made: readonly (Execution | 'KEY_REUSED' | null)[],
): Promise<void> {
  for (const [i, { sourceFile, document, options, creationDate }] of uploads.entries()) {
    const execution = made[i];
    if (sourceFile === undefined || !execution || execution === 'KEY_REUSED') continue;
    if (execution.document.folder !== document.folder || execution.job.type !== 'DOCUMENT_IMPORT') continue;
    const dryRun = options?.dryRun === true;
    const { documentImportId } = execution.job;
    const { name, bytes, etag, modifiedTs, toPutAway } = sourceFile;
    await insertFile(sql, {
      ...{ documentImportId, name, bytes, etag, modifiedTs },
      status: dryRun ? 'DRY_RUN' : 'TAKEN',
      sha256: document.sha256,
      executionId: execution.id,
      reason: null,
      date: creationDate,
      toPutAway: toPutAway && !dryRun,
    });
  }
}

async function insertFile(sql: Sql, file: NewSourceFile): Promise<void> {
  await files.insert(sql, file, { name_sha256: sha256Of(file.name) });
}

/** The last row of each of these names that there is one of, by name. */
async function lastOf(
  sql: Sql,
  of: { readonly documentImportId: string; readonly names: readonly string[]; readonly where: string },
): Promise<ReadonlyMap<string, SourceFile>> {
  if (of.names.length === 0) return new Map();
  const given = parameters();
  const nameOf = new Map(of.names.map((name) => [sha256Of(name), name]));
  const hashes = [...nameOf.keys()].map((hash) => given.add(hash)).join(', ');
  const rows = await sql.query(
    `select * from source_file where id in (
       select max(id) from source_file
       where document_import_id = ${literal(of.documentImportId)} and ${of.where} and name_sha256 in (${hashes})
       group by name_sha256)`,
    given.values,
  );
  return new Map(rows.map((row) => [nameOf.get(String(row.name_sha256)) ?? '', files.read(row)]));
}

function sha256Of(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

/**
 * Takes an identifier out of the names of files that sources showed, and out of what their last
 * runs tell of them.
 */
export async function eraseFromSources(
  sql: Sql,
  {
    datamartId,
    value,
    erase,
  }: {
    readonly datamartId: string;
    readonly value: string;
    /** A text without the identifier. */
    readonly erase: (text: string) => string;
  },
): Promise<void> {
  const ofDatamart = `document_import_id in (select document_import_id from source where datamart_id = ${literal(datamartId)})`;
  const found = await sql.query(
    `select id, name from source_file where ${ofDatamart} and strpos(name, $1) > 0`,
    [value],
  );
  for (const { id, name } of found) {
    const without = erase(String(name));
    if (without !== name)
      await sql.query(`update source_file set name = $1 where id = ${literal(String(id))}`, [without]);
  }
  const runs = await sql.query(
    `select document_import_id, last_run from source where ${ofDatamart} and last_run is not null`,
  );
  for (const row of runs) {
    const run = JSON.parse(String(row.last_run)) as SourceRun;
    const error = run.error === null ? null : erase(run.error);
    if (error !== run.error)
      await sql.query(
        `update source set last_run = $1 where document_import_id = ${literal(String(row.document_import_id))}`,
        [JSON.stringify({ ...run, error })],
      );
  }
}
