import type { ApiDocumentImport, ApiExecution } from '../api.ts';
import type { Client } from '../client.ts';
import { UsageError } from '../failures.ts';
import { findImport } from '../find-import.ts';
import { findSegment } from '../find-segment.ts';
import { fileBody } from './body.ts';
import { damagedFile, formatOf, readStart, requireStart, type Start } from './first-bytes.ts';
import { retrying } from './retry.ts';
import { type Body, sendBody } from './send.ts';
import type { Format, Source } from './source.ts';

/** Where files go, as the flags say. */
export type Destination = {
  /** `/datamarts/1` */
  readonly datamart: string;
  readonly documentImport: string | undefined;
  readonly segment: string | undefined;
  readonly format: Format | undefined;
  /** What is asked for beside the file, as the query of the upload. */
  readonly options?: URLSearchParams;
};

/** Where one file goes: the path under `/v1` that takes it and lists its executions, in words, and the file as it takes it. */
export type Target = {
  readonly path: string;
  readonly query: string;
  readonly label: string;
  readonly format: Format;
  readonly body: Body;
};

const MIME_TYPE: Readonly<Record<Format, string>> = { ndjson: 'APPLICATION_X_NDJSON', csv: 'TEXT_CSV' };

/** Finds, or makes, what a file is sent to. */
export async function openTarget(client: Client, destination: Destination, source: Source): Promise<Target> {
  return destination.segment === undefined
    ? documentTarget(client, destination, source)
    : segmentTarget(client, destination, source);
}

async function documentTarget(client: Client, destination: Destination, source: Source): Promise<Target> {
  const { datamart, documentImport } = destination;
  const named = documentImport === undefined ? null : await findImport(client, datamart, documentImport);
  const start = await readStart(fileBody(source, 'ndjson').chunks());
  const format =
    named === null ? chooseFormat(destination, source, start) : formatOfImport(named, destination.format);
  if (start !== null) requireStart(start, { format, profile: 'COMMANDS', mapping: named?.mapping ?? null });
  const target = named ?? (await ownImport(client, datamart, format));
  return {
    path: `${datamart}/document_imports/${target.id}/executions`,
    query: String(destination.options ?? ''),
    label: `document import ${target.id} (${target.name})`,
    format,
    body: fileBody(source, format),
  };
}

/** The format of a file that no import is named for. What it holds counts before its name. */
function chooseFormat(destination: Destination, source: Source, start: Start | null): Format {
  const format = destination.format ?? (start === null ? null : formatOf(start)) ?? source.format;
  if (format === null && start === null && source.compression !== null) throw damagedFile(source.compression);
  if (format === null) throw new UsageError('cannot tell the format: give --format ndjson or --format csv');
  return format;
}

function formatOfImport({ id, name, mime_type }: ApiDocumentImport, flag: Format | undefined): Format {
  const format = mime_type === MIME_TYPE.csv ? 'csv' : 'ndjson';
  if (flag === undefined || flag === format) return format;
  throw new UsageError(`--format ${flag}: document import ${id} (${name}) takes ${format}`);
}

/** Imports that are being looked for or made, so that files that are sent at the same time make one. */
const OWN_IMPORTS = new WeakMap<Client, Map<string, Promise<ApiDocumentImport>>>();

/** The import that files without `--import` go to, made at the first of them. */
function ownImport(client: Client, datamart: string, format: Format): Promise<ApiDocumentImport> {
  const known = OWN_IMPORTS.get(client) ?? new Map<string, Promise<ApiDocumentImport>>();
  OWN_IMPORTS.set(client, known);
  const key = `${datamart} ${format}`;
  const own = known.get(key) ?? findOrMakeImport(client, datamart, format).finally(() => known.delete(key));
  known.set(key, own);
  return own;
}

async function findOrMakeImport(
  client: Client,
  datamart: string,
  format: Format,
): Promise<ApiDocumentImport> {
  const name = `muster-cli ${format}`;
  const all = await client.listAll<ApiDocumentImport>(`${datamart}/document_imports`, { keywords: name });
  const mimeType = MIME_TYPE[format];
  const found = all.find((candidate) => candidate.name === name && candidate.mime_type === mimeType);
  return (
    found ??
    client.post<ApiDocumentImport>(`${datamart}/document_imports`, {
      document_type: 'USER_SEGMENT',
      mime_type: mimeType,
      encoding: 'utf-8',
      name,
    })
  );
}

async function segmentTarget(client: Client, destination: Destination, source: Source): Promise<Target> {
  const { datamart, segment: wanted = '' } = destination;
  const start = await readStart(fileBody(source, 'csv').chunks());
  const format = destination.format ?? (start === null ? source.format : formatOf(start));
  if (format === 'ndjson') throw new UsageError('a user list for --segment is CSV or TSV, this is NDJSON');
  if (start !== null) requireStart(start, { format: 'csv', profile: 'USER_LIST' });
  const segment = await findSegment(client, datamart, wanted);
  return {
    path: `${datamart}/audience_segments/${segment.id}/user_list_imports`,
    query: String(destination.options ?? ''),
    label: `segment ${segment.id} (${segment.technical_name ?? segment.name})`,
    format: 'csv',
    body: fileBody(source, 'csv'),
  };
}

/**
 * Sends the file; resolves to its execution once the service has it for good. What breaks on the way is sent again, under one
 * key, so that a file whose answer was lost is not applied twice.
 */
export async function upload(
  client: Client,
  target: Target,
  watch: { signal: AbortSignal; onSent: (bytes: number) => void; idempotencyKey: string },
): Promise<ApiExecution> {
  const { signal, onSent, idempotencyKey } = watch;
  const body = {
    ...target.body,
    headers: { ...target.body.headers, 'idempotency-key': idempotencyKey },
  };
  const send = () =>
    sendBody(client.connection, { path: `${target.path}?${target.query}`, body, signal, onSent });
  const answer = await retrying(send, signal);
  return (answer as { data: ApiExecution }).data;
}
