import type { Expectation } from '../../model/expectation.ts';
import type { Mapping } from '../../model/mapping.ts';
import type { DocumentImport } from '../../model/records.ts';
import type { DocumentImportRecords } from '../catalogue-records.ts';
import { membersOf, noteChange } from './audit-log.ts';
import { assignments, containing, type Database, limits, parameters, type Row } from './database.ts';
import { getDocumentImport, toDocumentImport } from './document-import-rows.ts';
import { cancelPending, type NoteEnds } from './execution-ends.ts';
import { removeExecutions } from './executions.ts';
import type { expectedFileRecords } from './expected-files.ts';
import { removeSourceOf } from './sources.ts';
import { removeWebhooksOf } from './webhooks.ts';

/** `noteEnds` is told of the PENDING executions that go with their import. */
export function documentImportRecords(
  db: Database,
  noteEnds: NoteEnds,
): Omit<DocumentImportRecords, keyof ReturnType<typeof expectedFileRecords>> {
  return {
    list: ({ datamartId, keywords, page }) =>
      db.read(async (sql) => {
        const given = parameters();
        const where = [`datamart_id = cast(${given.add(datamartId)} as bigint)`];
        if (keywords !== undefined) where.push(`name ilike ${given.add(containing(keywords))} escape '\\'`);
        const from = `from document_import where ${where.join(' and ')}`;
        const rows = await sql.query(`select * ${from} order by id desc ${limits(page)}`, given.values);
        const [count] = await sql.query(`select count(*) as total ${from}`, given.values);
        return { elements: rows.map(toDocumentImport), total: Number(count?.total) };
      }),

    get: documentImportGetter(db),

    create: (documentImport, author) =>
      db.write(async (sql) => {
        const {
          datamartId,
          documentType,
          mimeType,
          encoding,
          name,
          priority,
          mapping = null,
          expect = null,
          creationTs,
        } = documentImport;
        const [row] = await sql.query(
          `insert into document_import (id, datamart_id, document_type, mime_type, encoding, name, priority, mapping, expect,
             creation_ts)
           values (nextval('document_import_id'), cast($1 as bigint), $2, $3, $4, $5, $6, $7, $8, cast($9 as bigint))
           returning *`,
          [
            datamartId,
            documentType,
            mimeType,
            encoding,
            name,
            priority,
            toText(mapping),
            toText(expect),
            creationTs,
          ],
        );
        const created = toDocumentImport(row as Row);
        await noteChange(sql, author, { ...changeOf(created), action: 'CREATE' });
        return created;
      }),

    update: (id, change, author) =>
      db.write(async (sql) => {
        const before = await getDocumentImport(sql, id);
        if (!before) return null;
        const reads = change.mimeType !== undefined && change.mimeType !== before.mimeType;
        const encodes = change.encoding !== undefined && change.encoding !== before.encoding;
        if (reads || encodes) {
          const executions = await sql.query(
            'select id from execution where document_import_id = cast($1 as bigint) limit 1',
            [id],
          );
          if (executions.length > 0) return 'IN_USE';
        }
        const given = parameters();
        const set = assignments(
          {
            name: change.name,
            priority: change.priority,
            mime_type: change.mimeType,
            encoding: change.encoding,
            mapping: change.mapping === undefined ? undefined : toText(change.mapping),
            expect: change.expect === undefined ? undefined : toText(change.expect),
          },
          given.add,
        );
        if (change.expect !== undefined && change.expect?.sinceTs !== before.expect?.sinceTs)
          set.push('expect_due_ts = null', 'expect_late = null', 'expect_missed = null');
        if (set.length === 0) return before;
        const [row] = await sql.query(
          `update document_import set ${set.join(', ')} where id = cast(${given.add(id)} as bigint) returning *`,
          given.values,
        );
        if (!row) return null;
        const note = { ...changeOf(before), action: 'UPDATE' as const, details: membersOf(change) };
        await noteChange(sql, author, note);
        return toDocumentImport(row);
      }),

    remove: (id, author) =>
      db.write(async (sql) => {
        const removed = await getDocumentImport(sql, id);
        if (!removed) return null;
        const running = await sql.query(
          `select id from execution where document_import_id = cast($1 as bigint) and status = 'RUNNING'`,
          [id],
        );
        if (running.length > 0) return 'RUNNING';
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

/** `DocumentImportRecords.get`. */
export function documentImportGetter(db: Database): DocumentImportRecords['get'] {
  return (id) => db.read((sql) => getDocumentImport(sql, id));
}

function changeOf({ id, datamartId }: DocumentImport) {
  return { resourceType: 'document_import', resourceId: id, datamartId } as const;
}

function toText(json: Mapping | Expectation | null): string | null {
  return json === null ? null : JSON.stringify(json);
}
