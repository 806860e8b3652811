import type { Execution } from '../../model/execution.ts';
import type { Export } from '../../model/export.ts';
import type { SegmentJob } from '../../model/segment-job.ts';

/** A file of an execution; an error file is one, whatever it is kept as. */
export type ExecutionFile = 'input' | 'errors';

/**
 * Names a file of an execution to clients. It carries ids and never a path, so that there is no
 * path to forge.
 */
export function fileUri(execution: Execution, file: ExecutionFile): string {
  const { organisationId, datamartId, id } = execution;
  return `mics://data_file/tenants/${organisationId}/datamarts/${datamartId}/executions/${id}/${file}`;
}

export type FileReference = {
  readonly organisationId: string;
  readonly datamartId: string;
  readonly executionId: string;
  readonly file: ExecutionFile;
};

const URI =
  /^mics:\/\/data_file\/tenants\/(\d{1,18})\/datamarts\/(\d{1,18})\/executions\/(\d{1,18})\/(input|errors)$/;

/** What a URI of `fileUri` names, or null for any other text. */
export function parseFileUri(uri: string): FileReference | null {
  const [, organisationId, datamartId, executionId, file] = URI.exec(uri) ?? [];
  if (organisationId === undefined || datamartId === undefined || executionId === undefined) return null;
  return { organisationId, datamartId, executionId, file: file === 'errors' ? 'errors' : 'input' };
}

/** Names the file of an export to clients. */
export function exportUri({ organisationId, datamartId, id }: Export): string {
  return `mics://data_file/tenants/${organisationId}/datamarts/${datamartId}/exports/${id}/export`;
}

export type ExportReference = Omit<FileReference, 'executionId' | 'file'> & { readonly exportId: string };

const EXPORT_URI =
  /^mics:\/\/data_file\/tenants\/(\d{1,18})\/datamarts\/(\d{1,18})\/exports\/(\d{1,18})\/export$/;

/** What a URI of `exportUri` names, or null for any other text. */
export function parseExportUri(uri: string): ExportReference | null {
  const [, organisationId, datamartId, exportId] = EXPORT_URI.exec(uri) ?? [];
  if (organisationId === undefined || datamartId === undefined || exportId === undefined) return null;
  return { organisationId, datamartId, exportId };
}

/** Names the file of an overlap analysis to clients. */
export function overlapsUri({ organisationId, datamartId, id }: SegmentJob): string {
  return `mics://data_file/tenants/${organisationId}/datamarts/${datamartId}/overlap_analyses/${id}/overlaps`;
}

export type OverlapsReference = Omit<FileReference, 'executionId' | 'file'> & { readonly analysisId: string };

const OVERLAPS_URI =
  /^mics:\/\/data_file\/tenants\/(\d{1,18})\/datamarts\/(\d{1,18})\/overlap_analyses\/(\d{1,18})\/overlaps$/;

/** What a URI of `overlapsUri` names, or null for any other text. */
export function parseOverlapsUri(uri: string): OverlapsReference | null {
  const [, organisationId, datamartId, analysisId] = OVERLAPS_URI.exec(uri) ?? [];
  if (organisationId === undefined || datamartId === undefined || analysisId === undefined) return null;
  return { organisationId, datamartId, analysisId };
}

/** Name under which the members of a segment are downloaded. */
export function exportFileName({ segmentId, mimeType }: Pick<Export, 'segmentId' | 'mimeType'>): string {
  return `segment-${segmentId}.${EXTENSION[mimeType]}`;
}

const EXTENSION = {
  TEXT_CSV: 'csv',
  APPLICATION_X_NDJSON: 'ndjson',
  APPLICATION_PARQUET: 'parquet',
} as const;

/**
 * Name under which the file of an execution is downloaded: what is kept of a Parquet file are its
 * rows as NDJSON.
 */
export function inputFileName({ document: { fileName }, mimeType }: Execution): string {
  const isKept = mimeType !== 'APPLICATION_PARQUET' || /\.(?:ndjson|jsonl|json)$/i.test(fileName);
  return isKept ? fileName : `${fileName}.ndjson`;
}

/**
 * Name under which the error file of an execution is downloaded: `users.errors.csv` for
 * `users.csv`.
 */
export function errorFileName(inputName: string): string {
  const dot = inputName.lastIndexOf('.');
  return dot > 0 ? `${inputName.slice(0, dot)}.errors${inputName.slice(dot)}` : `${inputName}.errors`;
}
