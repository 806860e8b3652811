import path from 'node:path';

export type DocumentsPlace =
  | { readonly type: 'FOLDER'; readonly dir: string }
  /** `prefix` is empty or ends in a slash. */
  | { readonly type: 'S3'; readonly bucket: string; readonly prefix: string };

/** Names that S3 takes for buckets. */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** Characters that need no care in keys, by the documentation of S3. */
const PREFIX = /^[\w!.*'()/-]*$/;

/**
 * Reads `s3://bucket/prefix`; null for a text that names a folder.
 *
 * @throws Error that says what was expected
 */
export function parseS3Url(text: string): (DocumentsPlace & { readonly type: 'S3' }) | null {
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(text)) return null;
  const [, bucket = '', rest = ''] = /^s3:\/\/([^/]*)(?:\/(.*))?$/.exec(text) ?? [];
  if (!BUCKET.test(bucket) || !PREFIX.test(rest)) throw new Error('expected a folder or s3://bucket/prefix');
  const prefix = rest
    .split('/')
    .filter((name) => name !== '')
    .join('/');
  return { type: 'S3', bucket, prefix: prefix === '' ? '' : `${prefix}/` };
}

/** Where documents are: by default in a folder of the data folder. */
export function placeOfDocuments(of: {
  readonly documents: string | null;
  readonly data: string;
}): DocumentsPlace {
  if (of.documents === null) return { type: 'FOLDER', dir: path.join(of.data, 'documents') };
  return parseS3Url(of.documents) ?? { type: 'FOLDER', dir: path.resolve(of.documents) };
}
