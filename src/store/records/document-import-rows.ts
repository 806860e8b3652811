import { DOCUMENT_IMPORT_FIELDS } from '../../model/document-import.ts';
import { tableOf } from './table.ts';

export const documentImportTable = tableOf('document_import', DOCUMENT_IMPORT_FIELDS);
