import { commandsOf, type Execution } from '../../model/execution.ts';
import type { Expectation } from '../../model/expectation.ts';
import {
  type DueEvent,
  type DueRecord,
  type ExpectedFile,
  type ExpectingImport,
  passDueTime,
  problemsOf,
  USUAL_FILES,
} from '../../model/expected-files.ts';
import { dueBody, problemBody, problemEvent } from '../../model/webhook-body.ts';
import type { DocumentImportRecords } from '../catalogue-records.ts';
import { type Database, literal, numberOrNull, parameters, type Row, type Sql } from './database.ts';
import { documentImportTable } from './document-import-rows.ts';
import { insertDeliveries, type KnownWebhooks, newDelivery } from './webhook-rows.ts';

type Expecting = Pick<DocumentImportRecords, 'listExpecting' | 'listDueRecords' | 'passDueTime'>;

/**
 * Executions that are files of an import: no dry run, no revert, and no lines of a file that was
 * there before.
 */
const COUNTS = `e.status = 'SUCCEEDED' and e.reverts_execution_id is null and e.corrects_execution_id is null
  and coalesce(e.options, '') not like '%"dryRun":true%'`;
/** Imports of whose files one statement asks. */
const MAX_ASKED = 100;

export function expectedFileRecords(db: Database, known: KnownWebhooks): Expecting {
  return {
    listExpecting: ({ datamartId, ids }) =>
      db.read(async (sql) => {
        const imports = await listExpecting(sql, { datamartId, ids });
        const files = await lastFiles(
          sql,
          imports.map(({ documentImport: { id } }) => id),
        );
        return imports.map((of) => ({ ...of, files: files.get(of.documentImport.id) ?? [] }));
      }),

    listDueRecords: () => db.read((sql) => listExpecting(sql, {})),

    passDueTime: (of) => db.write((sql) => passDue(sql, of, known)),
  };
}

async function listExpecting(
  sql: Sql,
  of: { readonly datamartId?: string | undefined; readonly ids?: readonly string[] | undefined },
): Promise<readonly Omit<ExpectingImport, 'files'>[]> {
  if (of.ids?.length === 0) return [];
  const where = ['expect is not null'];
  if (of.datamartId !== undefined) where.push(`datamart_id = ${literal(of.datamartId)}`);
  if (of.ids !== undefined) where.push(`id in (${of.ids.map(literal).join(', ')})`);
  const rows = await sql.query(`select * from document_import where ${where.join(' and ')} order by id`);
  return rows.flatMap((row) => {
    const documentImport = documentImportTable.read(row);
    const { expect } = documentImport;
    return expect === null ? [] : [{ documentImport: { ...documentImport, expect }, record: toRecord(row) }];
  });
}

function toRecord(row: Row): DueRecord {
  return {
    dueTs: numberOrNull(row.expect_due_ts),
    isLate: Boolean(row.expect_late),
    missed: Number(row.expect_missed ?? 0),
  };
}

/**
 * The last files of imports, the newest first. Each is asked for by itself, from the end of an
 * index where there is one.
 */
async function lastFiles(
  sql: Sql,
  importIds: readonly string[],
): Promise<ReadonlyMap<string, readonly ExpectedFile[]>> {
  const files = new Map<string, ExpectedFile[]>();
  for (let at = 0; at < importIds.length; at += MAX_ASKED) {
    const each = importIds.slice(at, at + MAX_ASKED).map((id) => `(${lastOf(id, USUAL_FILES + 1)})`);
    for (const row of await sql.query(filesOf(each.join(' union all ')))) {
      const id = String(row.document_import_id);
      const of = files.get(id);
      if (of) of.push(toFile(row));
      else files.set(id, [toFile(row)]);
    }
  }
  return files;
}

/** The files of an import before an execution, the newest first. */
async function filesBefore(
  sql: Sql,
  of: { readonly importId: string; readonly executionId: string },
): Promise<readonly ExpectedFile[]> {
  const before = `and e.id < ${literal(of.executionId)}`;
  const rows = await sql.query(filesOf(lastOf(of.importId, USUAL_FILES, before)));
  return rows.map(toFile);
}

const lastOf = (importId: string, most: number, where = '') =>
  `select e.id, e.document_import_id, e.end_date from execution e
   where e.document_import_id = ${literal(importId)} and ${COUNTS} ${where} order by e.id desc limit ${most}`;

const filesOf = (executions: string) =>
  `select e.id, e.document_import_id, e.end_date, c.successes, c.failures, c.not_applied
   from (${executions}) e join execution_checkpoint c on c.execution_id = e.id order by e.id desc`;

function toFile(row: Row): ExpectedFile {
  const failures = Number(row.failures);
  return {
    executionId: String(row.id),
    endTs: Number(row.end_date),
    commands: Number(row.successes) + failures + Number(row.not_applied ?? 0),
    failures,
  };
}

type PassedDueTime = Parameters<DocumentImportRecords['passDueTime']>[0];

/** `DocumentImportRecords.passDueTime`. Of several that do it at once the first one does. */
async function passDue(
  sql: Sql,
  { expecting, from, dueTs, now, isQuiet }: PassedDueTime,
  known: KnownWebhooks,
): Promise<{ record: DueRecord; events: readonly DueEvent[] } | null> {
  const { documentImport, record: before } = expecting;
  const { id, datamartId } = documentImport;
  const [count] = await sql.query(
    `select count(*) as files from execution e where e.document_import_id = ${literal(id)} and ${COUNTS}
       and e.end_date > ${literal(from)} and e.end_date <= ${literal(dueTs)}`,
  );
  const { record: after, events } = passDueTime(before, { dueTs, files: Number(count?.files) });
  const beforeTs = before.dueTs === null ? 'is null' : `= ${literal(before.dueTs)}`;
  const passed = await sql.query(
    `update document_import set expect_due_ts = ${literal(dueTs)}, expect_late = ${after.isLate},
       expect_missed = ${literal(after.missed)}
     where id = ${literal(id)} and expect = $1 and expect_due_ts ${beforeTs} returning id`,
    [JSON.stringify(documentImport.expect)],
  );
  if (passed.length === 0) return null;
  if (isQuiet || events.length === 0 || !known.any) return { record: after, events };
  const [last = null] = (await lastFiles(sql, [id])).get(id) ?? [];
  const given = parameters();
  const deliveries: string[] = [];
  for (const webhook of await webhooksFor(sql, { datamartId, importId: id })) {
    for (const event of events.filter((each) => webhook.events.includes(each))) {
      const body = given.add(dueBody(event, expecting, { before, after, last, now }));
      deliveries.push(newDelivery({ webhookId: webhook.id, executionId: null, event, body, at: now }));
    }
  }
  if (deliveries.length > 0) await insertDeliveries(sql, deliveries, given.values);
  return { record: after, events };
}

async function webhooksFor(
  sql: Sql,
  of: { readonly datamartId: string; readonly importId: string },
): Promise<readonly { readonly id: string; readonly events: readonly string[] }[]> {
  const rows = await sql.query(
    `select id, events from webhook where datamart_id = ${literal(of.datamartId)} and enabled
       and (document_import_id is null or document_import_id = ${literal(of.importId)}) order by id`,
  );
  return rows.map((row) => ({ id: String(row.id), events: JSON.parse(String(row.events)) as string[] }));
}

/** An event of an execution that has ended, with what is sent of it. */
export type ExecutionEvent = { readonly event: ReturnType<typeof problemEvent>; readonly body: string };

/** What is told of files beside their ends: those that are not as their import expects. */
export async function problemEvents(
  sql: Sql,
  executions: Iterable<Execution>,
): Promise<ReadonlyMap<string, readonly ExecutionEvent[]>> {
  const files = [...executions].flatMap((execution) => {
    const { job, status, reverts, corrects, options } = execution;
    const isFile = status === 'SUCCEEDED' && reverts === null && corrects === null && !options.dryRun;
    return isFile && job.type === 'DOCUMENT_IMPORT' ? [{ execution, importId: job.documentImportId }] : [];
  });
  const expects = await expectationsOf(sql, new Set(files.map(({ importId }) => importId)));
  const events = new Map<string, readonly ExecutionEvent[]>();
  for (const { execution, importId } of files) {
    const expect = expects.get(importId);
    if (expect === undefined) continue;
    const before = await filesBefore(sql, { importId, executionId: execution.id });
    const { failures } = execution.checkpoint;
    const problems = problemsOf(expect, { commands: commandsOf(execution.checkpoint), failures }, before);
    events.set(
      execution.id,
      problems.map((problem) => ({
        event: problemEvent(problem),
        body: problemBody(execution, problem, { expect, before }),
      })),
    );
  }
  return events;
}

async function expectationsOf(
  sql: Sql,
  importIds: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Expectation>> {
  if (importIds.size === 0) return new Map();
  const rows = await sql.query(
    `select id, expect from document_import
     where expect is not null and id in (${[...importIds].map(literal).join(', ')})`,
  );
  return new Map(rows.map((row) => [String(row.id), JSON.parse(String(row.expect)) as Expectation]));
}
