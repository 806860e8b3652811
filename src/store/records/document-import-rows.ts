import type { Expectation } from '../../model/expectation.ts';
import type { Mapping } from '../../model/mapping.ts';
import type { DocumentImport, MimeType, Priority } from '../../model/records.ts';
import type { Row, Sql } from './database.ts';

export async function getDocumentImport(sql: Sql, id: string): Promise<DocumentImport | null> {
  const [row] = await sql.query('select * from document_import where id = cast($1 as bigint)', [id]);
  return row ? toDocumentImport(row) : null;
}

export function toDocumentImport(row: Row): DocumentImport {
  return {
    id: String(row.id),
    datamartId: String(row.datamart_id),
    documentType: 'USER_SEGMENT',
    mimeType: String(row.mime_type) as MimeType,
    encoding: String(row.encoding),
    name: String(row.name),
    priority: String(row.priority) as Priority,
    mapping: row.mapping === null ? null : (JSON.parse(String(row.mapping)) as Mapping),
    expect: row.expect === null ? null : (JSON.parse(String(row.expect)) as Expectation),
    creationTs: Number(row.creation_ts),
  };
}
