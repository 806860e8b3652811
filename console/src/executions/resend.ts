import type { QueryClient } from '@tanstack/react-query';
import { call, withQuery } from '../api/client.ts';
import { documentImport } from '../api/queries.ts';
import type { Execution, UnknownSegment } from '../api/types.ts';
import {
  type ImportOptions,
  importTarget,
  type UploadTarget,
  uploadFile,
  userListTarget,
} from '../api/upload.ts';
import { hasEnded } from '../api/use-execution.ts';

/**
 * What of an execution is sent again: its file as it was, or only the lines that failed; of those
 * the missing segments may be made.
 */
export type Resent = 'FILE' | 'FAILED_LINES' | 'FAILED_LINES_WITH_SEGMENTS';

const FILE_PATIENCE_MS = 3_600_000;

/** Whether there is something to send again. The service may have removed the files since. */
export function canResend(execution: Execution, what: Resent): boolean {
  if (!hasEnded(execution) || execution.job_type === 'REVERT') return false;
  if (what === 'FILE') return true;
  const { status, dry_run: isDry, result } = execution;
  // where nothing of a file was applied, its failed lines alone would be half of it
  const isApplied =
    status === 'SUCCEEDED' || (status === 'CANCELED' && execution.parameters.mode !== 'replace');
  return isApplied && isDry !== true && result.error_file_uri !== undefined;
}

/** Uploads a file of an execution once more; resolves to the new execution. Throws ApiProblem. */
export async function resend(client: QueryClient, execution: Execution, what: Resent): Promise<Execution> {
  if (what !== 'FILE')
    return sendCorrection(client, execution, {
      file: await failedLinesOf(execution),
      createMissingSegments: what === 'FAILED_LINES_WITH_SEGMENTS',
    });
  const [file, target] = await Promise.all([inputOf(execution), targetOf(client, execution)]);
  return uploadFile({
    ...{ file, target, options: optionsOf(execution), ...UNWATCHED },
    segmentIds: execution.parameters.segment_ids,
    dryRun: execution.dry_run === true,
    key: crypto.randomUUID(),
  });
}

/**
 * Uploads a file of corrected lines of an execution; resolves to the new execution. Throws
 * ApiProblem.
 */
export async function sendCorrection(
  client: QueryClient,
  execution: Execution,
  { file, createMissingSegments = false }: { readonly file: File; readonly createMissingSegments?: boolean },
): Promise<Execution> {
  const options = { ...optionsOf(execution), ...UNGUARDED };
  return uploadFile({
    ...{ file, target: await targetOf(client, execution), ...UNWATCHED },
    options: createMissingSegments ? { ...options, createMissingSegments } : options,
    dryRun: false,
    corrects: execution.id,
    key: crypto.randomUUID(),
  });
}

/** What is uploaded is on this machine already, or short: nobody waits for its progress. */
const UNWATCHED = { signal: new AbortController().signal, onSent: () => undefined } as const;

const UNGUARDED = { mode: 'APPLY', maxFailureRatio: null, maxShrinkRatio: null } as const;

/**
 * The failed lines of a replacement are applied: replaced by them, its segments would hold nobody
 * else.
 */
function optionsOf({ parameters }: Execution): ImportOptions {
  return {
    mode: parameters.mode === 'replace' ? 'REPLACE' : 'APPLY',
    maxFailureRatio: parameters.max_failure_ratio ?? null,
    maxShrinkRatio: parameters.max_shrink_ratio ?? null,
    createMissingSegments: parameters.create_missing_segments === true,
  };
}

async function inputOf({ result }: Execution): Promise<File> {
  const response = await fileOf(result.input_file_uri);
  return new File([await response.blob()], result.input_file_name);
}

/** The failed lines of an execution, as they were sent, with their numbers. */
async function failedLinesOf(execution: Execution): Promise<File> {
  const [{ correctionOf }, response] = await Promise.all([import('./retry-file.ts'), errorFileOf(execution)]);
  return retryFile(execution, correctionOf(await response.text()));
}

/** The lines that failed with UNKNOWN_SEGMENT and name one segment, and their numbers. */
export async function failedLinesNaming(
  client: QueryClient,
  execution: Execution,
  segment: Pick<UnknownSegment, 'kind' | 'name'>,
): Promise<{ readonly file: File; readonly lines: readonly number[] }> {
  const [{ correctionNaming }, response, of] = await Promise.all([
    import('./retry-file.ts'),
    errorFileOf(execution),
    readingOf(client, execution),
  ]);
  const { text, lines } = await correctionNaming(await response.text(), segment, of);
  return { file: retryFile(execution, text), lines };
}

function retryFile({ result }: Execution, text: string): File {
  return new File([text], retryNameOf(result.input_file_name));
}

/** The error file of an execution. Throws ApiProblem. */
export function errorFileOf({ result }: Execution, signal?: AbortSignal): Promise<Response> {
  return fileOf(result.error_file_uri ?? '', signal);
}

/** The name of the file of the failed lines of another one. */
export function retryNameOf(name: string): string {
  return name.replace(/(\.[^.]*)?$/, '.retry$1');
}

function fileOf(uri: string, signal: AbortSignal | null = null): Promise<Response> {
  return call(withQuery('/v1/data_file/data', { uri }), { patienceMs: FILE_PATIENCE_MS, signal });
}

async function targetOf(client: QueryClient, { parameters }: Execution): Promise<UploadTarget> {
  const dm = String(parameters.datamart_id);
  const { document_import_id: importId, segment_id: segmentId = '' } = parameters;
  if (importId === undefined) return userListTarget(dm, segmentId);
  return importTarget(await client.fetchQuery(documentImport(dm, String(importId))));
}

/** How the lines of an execution are read when they are sent again. */
async function readingOf(client: QueryClient, { parameters }: Execution) {
  const { datamart_id: dm, document_import_id: importId, segment_id: segmentId = '' } = parameters;
  if (importId === undefined) {
    const job = { type: 'USER_SEGMENT_IMPORT', segmentId } as const;
    return { job, mimeType: 'TEXT_CSV', mapping: null } as const;
  }
  const documentImportId = String(importId);
  const { mime_type: mimeType, mapping = null } = await client.fetchQuery(
    documentImport(String(dm), documentImportId),
  );
  return { job: { type: 'DOCUMENT_IMPORT', documentImportId }, mimeType, mapping } as const;
}
