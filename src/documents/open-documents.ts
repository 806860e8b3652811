import path from 'node:path';
import { DocumentsUnusableError } from '../errors.ts';
import type { Documents, DocumentsToCheck } from './documents.ts';
import { openDocumentsFolder, readDocumentsFolder } from './folder.ts';
import { placeOfDocuments } from './place.ts';
import type { ReceiveSettings } from './receive.ts';

/**
 * Where documents are: what `documents` says, by default a folder in `data`, which is local to this
 * process.
 */
export type DocumentsSettings = {
  readonly documents: string | null;
  readonly data: string;
  readonly s3PathStyle: boolean;
};

/**
 * Opens the documents, and looks whether they can be used.
 *
 * @throws DocumentsUnusableError for a bucket, or a folder that was given, that cannot
 */
export async function openDocuments(
  settings: DocumentsSettings,
  receiving: ReceiveSettings & { readonly minFreeBytes: number },
): Promise<Documents> {
  const place = placeOfDocuments(settings);
  if (place.type === 'FOLDER') {
    const opening = openDocumentsFolder(place.dir, receiving);
    if (settings.documents === null) return opening;
    return opening.catch((cause: Error) => {
      throw new DocumentsUnusableError(`the folder ${place.dir} cannot be used: ${cause.message}`, { cause });
    });
  }
  const { openS3Documents, s3Settings } = await import('./s3/open-s3-documents.ts');
  const scratch = path.join(settings.data, 'scratch');
  return openS3Documents(s3Settings(place, settings), scratch, receiving).catch((cause: Error) => {
    if (!(cause instanceof DocumentsUnusableError)) throw cause;
    throw new DocumentsUnusableError(`the bucket ${place.bucket} cannot be used: ${cause.message}`, {
      cause,
    });
  });
}

/** The documents, to look at: nothing is changed. */
export async function readDocuments(settings: DocumentsSettings): Promise<DocumentsToCheck> {
  const place = placeOfDocuments(settings);
  if (place.type === 'FOLDER') return readDocumentsFolder(place.dir);
  const { readS3Documents, s3Settings } = await import('./s3/open-s3-documents.ts');
  return readS3Documents(s3Settings(place, settings));
}
