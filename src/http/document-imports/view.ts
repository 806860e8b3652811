import { type Static, Type } from 'typebox';
import type { ExpectingImport } from '../../model/expected-files.ts';
import type { DocumentImport } from '../../model/records.ts';
import { Id, Instant, MimeTypeName, PriorityName } from '../schemas.ts';
import { ExpectedView, ExpectView, viewExpect, viewExpected } from './expectation.ts';
import { MappingView } from './mapping.ts';

export const DocumentImportView = Type.Object({
  id: Id,
  datamart_id: Id,
  datafarm_key: Type.Literal('DF_LOCAL'),
  document_type: Type.Literal('USER_SEGMENT'),
  mime_type: MimeTypeName,
  encoding: Type.String(),
  name: Type.String(),
  priority: PriorityName,
  mapping: Type.Optional(MappingView),
  expect: Type.Optional(ExpectView),
  expected: Type.Optional(ExpectedView),
  creation_ts: Instant,
});

/** `expecting` is what is known of the files of an import that expects some. */
export function viewDocumentImport(
  of: DocumentImport,
  expecting?: ExpectingImport,
): Static<typeof DocumentImportView> {
  return {
    id: of.id,
    datamart_id: of.datamartId,
    datafarm_key: 'DF_LOCAL',
    document_type: of.documentType,
    mime_type: of.mimeType,
    encoding: of.encoding,
    name: of.name,
    priority: of.priority,
    ...(of.mapping === null ? {} : { mapping: of.mapping }),
    ...(of.expect === null ? {} : { expect: viewExpect(of.expect) }),
    ...(expecting === undefined ? {} : { expected: viewExpected(expecting) }),
    creation_ts: of.creationTs,
  };
}
