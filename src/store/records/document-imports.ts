import type { DocumentImport, DocumentImportChange } from '../../model/document-import.ts';
import type { DocumentImportRecords } from '../catalogue-records.ts';
import { membersOf, noteChange } from './audit-log.ts';
import { containing, type Database, parameters, type Sql } from './database.ts';
import { documentImportTable } from './document-import-rows.ts';
import { cancelPending, type NoteEnds } from './execution-ends.ts';
import { removeExecutions } from './executions.ts';
import type { expectedFileRecords } from './expected-files.ts';
import { removeSourceOf } from './sources.ts';
import { listRows } from './table.ts';
import { removeWebhooksOf } from './webhooks.ts';

/** `noteEnds` is told of the PENDING executions that go with their import. */
export function documentImportRecords(
  db: Database,
  noteEnds: NoteEnds,
): Omit<DocumentImportRecords, keyof ReturnType<typeof expectedFileRecords>> {
  return {
    list: ({ datamartId, keywords, page }) =>
      db.read((sql) => {
        const given = parameters();
        const where = [`datamart_id = cast(${given.add(datamartId)} as bigint)`];
        if (keywords !== undefined) where.push(`name ilike ${given.add(containing(keywords))} escape '\\'`);
        const from = `document_import where ${where.join(' and ')}`;
        const query = { from, order: 'id desc', page, values: given.values };
        return listRows(sql, query, documentImportTable.read);
      }),

    get: (id) => db.read((sql) => documentImportTable.get(sql, id)),

    create: (documentImport, author) =>
      db.write(async (sql) => {
        const fresh = { mapping: null, expect: null, ...documentImport };
        const created = await documentImportTable.insert(sql, fresh, { document_type: 'USER_SEGMENT' });
        await noteChange(sql, author, { ...changeOf(created), action: 'CREATE' });
        return created;
      }),

    update: (id, change, author) =>
      db.write(async (sql) => {
        const before = await documentImportTable.get(sql, id);
        if (!before) return null;
        if (readsOtherwise(before, change) && (await hasExecution(sql, id, 'true'))) return 'IN_USE';
        if (Object.keys(change).length === 0) return before;
        const isAnew = change.expect !== undefined && change.expect?.sinceTs !== before.expect?.sinceTs;
        const updated = await documentImportTable.update(sql, id, change, isAnew ? NOTHING_DUE : {});
        const note = { ...changeOf(before), action: 'UPDATE' as const, details: membersOf(change) };
        await noteChange(sql, author, note);
        return updated;
      }),

    remove: (id, author) =>
      db.write(async (sql) => {
        const removed = await documentImportTable.get(sql, id);
        if (!removed) return null;
        if (await hasExecution(sql, id, `status = 'RUNNING'`)) return 'RUNNING';
        if (author !== undefined)
          await cancelPending(sql, { owner: 'document_import_id', id, now: author.at }, noteEnds);
        const folders = await removeExecutions(sql, 'document_import_id', id);
        await removeWebhooksOf(sql, id);
        await removeSourceOf(sql, id);
        await sql.query('delete from document_import where id = cast($1 as bigint)', [id]);
        await noteChange(sql, author, { ...changeOf(removed), action: 'DELETE' });
        return { removed, folders };
      }),
  };
}

/** No due time of a schedule has passed. */
const NOTHING_DUE = { expect_due_ts: null, expect_late: null, expect_missed: null };

function readsOtherwise(before: DocumentImport, change: DocumentImportChange): boolean {
  const { mimeType = before.mimeType, encoding = before.encoding } = change;
  return mimeType !== before.mimeType || encoding !== before.encoding;
}

async function hasExecution(sql: Sql, importId: string, where: string): Promise<boolean> {
  const rows = await sql.query(
    `select id from execution where document_import_id = cast($1 as bigint) and ${where} limit 1`,
    [importId],
  );
  return rows.length > 0;
}

function changeOf({ id, datamartId }: DocumentImport) {
  return { resourceType: 'document_import', resourceId: id, datamartId } as const;
}
