import type { ApiDocumentImport, ApiExecution } from '../api.ts';
import type { Client } from '../client.ts';
import { UsageError } from '../failures.ts';
import { findImport } from '../find-import.ts';
import { findSegment } from '../find-segment.ts';
import type { NamedMapping } from '../mapping/mapping-file.ts';
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
  /** How the own columns of the files are read, where no import is named. */
  readonly mapping?: NamedMapping | undefined;
  /** What is asked for beside the file, as the query of the upload. */
  readonly options?: URLSearchParams;
};

/**
 * Where one file goes: the path under `/v1` that takes it and lists its executions, in words, and
 * the file as it takes it.
 */
export type Target = {
  readonly path: string;
  readonly query: string;
  readonly label: string;
  readonly format: Format;
  readonly body: Body;
};

export const MIME_TYPE: Readonly<Record<Format, string>> = {
  ndjson: 'APPLICATION_X_NDJSON',
  csv: 'TEXT_CSV',
  parquet: 'APPLICATION_PARQUET',
};

/** Finds, or makes, what a file is sent to. */
export async function openTarget(client: Client, destination: Destination, source: Source): Promise<Target> {
  return destination.segment === undefined
    ? documentTarget(client, destination, source)
    : segmentTarget(client, destination, source);
}

async function documentTarget(client: Client, destination: Destination, source: Source): Promise<Target> {
  const { datamart, documentImport, mapping: own } = destination;
  const named = documentImport === undefined ? null : await findImport(client, datamart, documentImport);
  const start = await readStart(fileBody(source, 'ndjson').chunks());
  const format =
    named === null ? chooseFormat(destination, source, start) : formatOfImport(named, destination.format);
  const mapping = named?.mapping ?? own?.mapping ?? null;
  if (start !== null) requireStart(start, { format, profile: 'COMMANDS', mapping });
  const target = named ?? (await ownImport(client, datamart, { format, mapping: own }));
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
  if (format === null)
    throw new UsageError('cannot tell the format of this file; add --format ndjson, csv or parquet');
  return format;
}

/** The format of the files that an import takes. */
export function formatOfMimeType(mimeType: string): Format {
  if (mimeType === MIME_TYPE.parquet) return 'parquet';
  return mimeType === MIME_TYPE.csv ? 'csv' : 'ndjson';
}

function formatOfImport({ id, name, mime_type }: ApiDocumentImport, flag: Format | undefined): Format {
  const format = formatOfMimeType(mime_type);
  if (flag === undefined || flag === format) return format;
  throw new UsageError(`--format ${flag}: document import ${id} (${name}) takes ${format}`);
}

/**
 * Imports that are being looked for or made, so that files that are sent at the same time make one.
 */
const OWN_IMPORTS = new WeakMap<Client, Map<string, Promise<ApiDocumentImport>>>();

/** What an import is like that is made for files without `--import`. */
type OwnImport = { readonly format: Format; readonly mapping: NamedMapping | undefined };

/** The import that files without `--import` go to, made at the first of them. */
function ownImport(client: Client, datamart: string, own: OwnImport): Promise<ApiDocumentImport> {
  const known = OWN_IMPORTS.get(client) ?? new Map<string, Promise<ApiDocumentImport>>();
  OWN_IMPORTS.set(client, known);
  const key = `${datamart} ${own.format} ${own.mapping?.name ?? ''}`;
  const made = known.get(key) ?? findOrMakeImport(client, datamart, own).finally(() => known.delete(key));
  known.set(key, made);
  return made;
}

const MAX_NAME_CHARS = 255;

/** One with another mapping is left alone: others may send files to it now. */
async function findOrMakeImport(
  client: Client,
  datamart: string,
  { format, mapping }: OwnImport,
): Promise<ApiDocumentImport> {
  const name = `muster-cli ${format}${mapping === undefined ? '' : ` ${mapping.name}`}`.slice(
    0,
    MAX_NAME_CHARS,
  );
  const all = await client.listAll<ApiDocumentImport>(`${datamart}/document_imports`, { keywords: name });
  const mimeType = MIME_TYPE[format];
  const wanted = mapping === undefined ? undefined : JSON.stringify(mapping.mapping);
  const found = all.find(
    (candidate) =>
      candidate.name === name &&
      candidate.mime_type === mimeType &&
      (wanted === undefined || JSON.stringify(candidate.mapping) === wanted),
  );
  return (
    found ??
    client.post<ApiDocumentImport>(`${datamart}/document_imports`, {
      document_type: 'USER_SEGMENT',
      mime_type: mimeType,
      encoding: 'utf-8',
      name,
      ...(mapping === undefined ? {} : { mapping: mapping.mapping }),
    })
  );
}

async function segmentTarget(client: Client, destination: Destination, source: Source): Promise<Target> {
  const { datamart, segment: wanted = '' } = destination;
  const start = await readStart(fileBody(source, 'csv').chunks());
  const format = destination.format ?? (start === null ? source.format : formatOf(start));
  if (format === 'ndjson' || format === 'parquet') {
    const came = format === 'ndjson' ? 'NDJSON' : 'Parquet';
    throw new UsageError(`--segment takes lists of users in CSV or TSV, got ${came}`);
  }
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
 * Sends the file; resolves to its execution once the service has it for good. What breaks on the
 * way is sent again, under one key, so that a file whose answer was lost is not applied twice.
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
