import { type Static, Type } from 'typebox';
import { DOCUMENT_IMPORT_FIELDS, type DocumentImport } from '../../model/document-import.ts';
import type { ExpectingImport } from '../../model/expected-files.ts';
import { schemaOf, viewer } from '../../model/record.ts';
import { ExpectedView, ExpectView, viewExpect, viewExpected } from './expectation.ts';
import { MappingView } from './mapping.ts';

const { creation_ts, ...members } = schemaOf(DOCUMENT_IMPORT_FIELDS).properties;
const viewRecord = viewer(DOCUMENT_IMPORT_FIELDS);

export const DocumentImportView = Type.Object({
  ...members,
  mapping: Type.Optional(MappingView),
  expect: Type.Optional(ExpectView),
  expected: Type.Optional(ExpectedView),
  creation_ts,
});

/** `expecting` is what is known of the files of an import that expects some. */
export function viewDocumentImport(
  of: DocumentImport,
  expecting?: ExpectingImport,
): Static<typeof DocumentImportView> {
  const { mapping, expect, ...viewed } = viewRecord(of);
  return {
    ...viewed,
    ...(mapping === null ? {} : { mapping }),
    ...(expect === null ? {} : { expect: viewExpect(expect) }),
    ...(expecting === undefined ? {} : { expected: viewExpected(expecting) }),
  };
}
