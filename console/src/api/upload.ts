import { ApiProblem, authorization, readProblem, withQuery } from './client.ts';
import { importsPath } from './paths.ts';
import type { DocumentImport, Execution } from './types.ts';

/** How a file is to be imported; what is undefined is not asked for. */
export type ImportOptions = {
  readonly mode: 'APPLY' | 'REPLACE';
  readonly maxFailureRatio: number | null;
  readonly maxShrinkRatio: number | null;
  readonly createMissingSegments: boolean;
};

/** Where a file goes. */
export type UploadTarget = { readonly path: string; readonly mimeType: DocumentImport['mime_type'] };

/** A file of commands for an import. */
export function importTarget({ datamart_id, id, mime_type }: DocumentImport): UploadTarget {
  return { path: `${importsPath(datamart_id)}/${id}/executions`, mimeType: mime_type };
}

/** A list of the users of one segment. */
export function userListTarget(datamartId: string, segmentId: string): UploadTarget {
  const path = `/v1/datamarts/${datamartId}/audience_segments/${segmentId}/user_list_imports`;
  return { path, mimeType: 'TEXT_CSV' };
}

export type Upload = {
  readonly file: File;
  readonly target: UploadTarget;
  readonly options: ImportOptions;
  /** Of a replacement: what is replaced beside what the file names. */
  readonly segmentIds?: readonly string[] | undefined;
  readonly dryRun: boolean;
  /** The execution whose failed lines it corrects. */
  readonly corrects?: string | undefined;
  /** Sent again under the same key, a file is not imported twice. */
  readonly key: string;
  readonly signal: AbortSignal;
  readonly onSent: (bytes: number) => void;
};

const CONTENT_TYPES = {
  APPLICATION_X_NDJSON: 'application/x-ndjson',
  TEXT_CSV: 'text/csv',
  APPLICATION_PARQUET: 'application/vnd.apache.parquet',
} as const;

/**
 * Sends a file; resolves to its execution. By XMLHttpRequest, since `fetch` does not tell how much
 * has been sent.
 */
export function uploadFile(upload: Upload): Promise<Execution> {
  const { file, target, signal, onSent, key } = upload;
  const request = new XMLHttpRequest();
  const { promise, resolve, reject } = Promise.withResolvers<Execution>();
  request.upload.addEventListener('progress', ({ loaded }) => onSent(loaded));
  request.addEventListener('load', async () => {
    if (request.status < 300) resolve((JSON.parse(request.responseText) as { data: Execution }).data);
    else reject(await readProblem(request.status, request.responseText));
  });
  request.addEventListener('error', () =>
    reject(new ApiProblem({ status: 0, code: 'NO_ANSWER', message: '' })),
  );
  request.addEventListener('abort', () => reject(signal.reason));
  signal.addEventListener('abort', () => request.abort(), { once: true });
  request.open('POST', withQuery(target.path, queryOf(upload)));
  // whether it is compressed, the service sees by its first bytes
  const headers = {
    ...authorization(),
    'Content-Type': CONTENT_TYPES[target.mimeType],
    'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`,
    'Idempotency-Key': key,
  };
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.send(file);
  return promise;
}

function queryOf({ options, dryRun, segmentIds, corrects }: Upload) {
  const { mode, maxFailureRatio, maxShrinkRatio, createMissingSegments } = options;
  return {
    dry_run: dryRun ? true : undefined,
    corrects,
    mode: mode === 'REPLACE' ? 'replace' : undefined,
    max_failure_ratio: maxFailureRatio ?? undefined,
    segment_id: mode === 'REPLACE' ? segmentIds?.join(',') : undefined,
    max_shrink_ratio: mode === 'REPLACE' ? (maxShrinkRatio ?? undefined) : undefined,
    create_missing_segments: createMissingSegments ? true : undefined,
  };
}
