import type { Mapping } from '../../model/mapping.ts';
import type { ApiDocumentImport, ApiPreview } from '../api.ts';
import type { Client } from '../client.ts';
import { CliError, UsageError } from '../failures.ts';
import { fileBody } from '../import/body.ts';
import { damagedFile, formatOf, readStart } from '../import/first-bytes.ts';
import { type Format, openSource, type Source } from '../import/source.ts';
import { formatOfMimeType, MIME_TYPE } from '../import/target.ts';

/** As much of a file as the service looks at. */
const SAMPLE_BYTES = 64 * 1024;

/** The beginning of a file, as the service is asked about it. */
export type Sample = {
  readonly name: string;
  readonly format: Format;
  readonly bytes: Buffer;
  readonly isWhole: boolean;
};

/** Reads the beginning of a file, decompressed. `format`: what it is read as, if that is said. */
export async function readSample(
  file: string | Buffer,
  format: Format | undefined,
  signal: AbortSignal,
): Promise<Sample> {
  const source = await openSource(file, signal);
  try {
    const start = await readStart(fileBody(source, 'ndjson').chunks(), SAMPLE_BYTES);
    if (start === null) throw source.compression === null ? notRead() : damagedFile(source.compression);
    const found = format ?? formatOf(start) ?? source.format ?? sniffed(start.bytes);
    const bytes = start.bytes.subarray(0, SAMPLE_BYTES);
    const isWhole = start.isWhole && bytes.length === start.bytes.length;
    return { name: nameOf(source), format: found, bytes, isWhole };
  } finally {
    await source.close();
  }
}

function notRead(): CliError {
  return new CliError('the beginning of the file cannot be read');
}

/** Without its ending: `crm.csv` is `crm`. */
function nameOf({ name }: Source): string {
  return name.replace(/\.[a-z]{2,6}$/i, '');
}

function sniffed(bytes: Buffer): Format {
  return /^[\s\ufeff]*[{[]/.test(bytes.toString('utf8', 0, 1024)) ? 'ndjson' : 'csv';
}

/** What the service would do with a sample; without a mapping it suggests one. */
export function preview(
  client: Client,
  datamart: string,
  { sample, mapping }: { readonly sample: Sample; readonly mapping?: Mapping },
): Promise<ApiPreview> {
  return client.post<ApiPreview>(`${datamart}/document_imports/preview`, {
    mime_type: MIME_TYPE[sample.format],
    sample_base64: sample.bytes.toString('base64'),
    whole: sample.isWhole,
    ...(mapping === undefined ? {} : { mapping }),
  });
}

/** The format that files of an import have; it must be that of `--format`. */
export function formatFor(found: ApiDocumentImport | null, flag: Format | undefined): Format | undefined {
  if (found === null) return flag;
  const format = formatOfMimeType(found.mime_type);
  if (flag !== undefined && flag !== format)
    throw new UsageError(`--format ${flag}: document import ${found.id} (${found.name}) takes ${format}`);
  return format;
}
