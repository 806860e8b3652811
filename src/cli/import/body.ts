import type { Body } from './send.ts';
import type { Format, Source } from './source.ts';

const CONTENT_TYPE: Readonly<Record<Format, string>> = {
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
  parquet: 'application/vnd.apache.parquet',
};

/** The file as it is; the service decompresses. */
export function fileBody(source: Source, format: Format): Body {
  const headers: Record<string, string> = {
    'content-type': CONTENT_TYPE[format],
    'content-disposition': `attachment; filename*=UTF-8''${encodeRfc5987(source.name)}`,
  };
  if (source.compression !== null) headers['content-encoding'] = source.compression;
  return { headers, chunks: source.chunks, bytes: source.bytes };
}

/** RFC 5987: what encodeURIComponent leaves alone and a header parameter may not hold. */
function encodeRfc5987(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
