import { Type } from 'typebox';
import type { Expectation } from './expectation.ts';
import type { Mapping } from './mapping.ts';
import type { RecordOf } from './record.ts';
import { MIME_TYPES, PRIORITIES } from './records.ts';
import { Id, Instant, oneOf } from './schema.ts';

export const MimeTypeName = oneOf(MIME_TYPES);
export const PriorityName = oneOf(PRIORITIES);

/**
 * `mapping`: how its files' own names and words become commands; null: they have those of commands.
 * `expect`: when its files are due and what they usually are; null: any time, and anything.
 */
export const DOCUMENT_IMPORT_FIELDS = {
  id: Id,
  datamart_id: Id,
  datafarm_key: Type.Literal('DF_LOCAL'),
  document_type: Type.Literal('USER_SEGMENT'),
  mime_type: MimeTypeName,
  encoding: Type.String(),
  name: Type.String(),
  priority: PriorityName,
  mapping: Type.Unsafe<Mapping | null>({ type: ['object', 'null'] }),
  expect: Type.Unsafe<Expectation | null>({ type: ['object', 'null'] }),
  creation_ts: Instant,
};

export type DocumentImport = RecordOf<typeof DOCUMENT_IMPORT_FIELDS>;

/** Without a mapping, or what it expects, it has none. */
export type NewDocumentImport = Omit<DocumentImport, 'id' | 'mapping' | 'expect'> &
  Partial<Pick<DocumentImport, 'mapping' | 'expect'>>;
export type DocumentImportChange = Partial<Omit<DocumentImport, 'id' | 'datamartId' | 'creationTs'>>;
