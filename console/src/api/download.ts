import { call, withQuery } from './client.ts';

/**
 * Saves a file of the service under the name that it gives. By a call of its own: a link could not
 * carry the token.
 */
export async function download(path: string, query?: Record<string, string>): Promise<void> {
  const response = await call(withQuery(path, query), { patienceMs: 3_600_000 });
  const name = nameOf(response.headers.get('content-disposition') ?? '') ?? 'download';
  saveAs(await response.blob(), name);
}

/** Saves the file of a `mics://` URI. */
export function downloadFile(uri: string): Promise<void> {
  return download('/v1/data_file/data', { uri });
}

/** Saves what the console made itself. */
export function saveAs(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // the browser has taken it up by then; it would stay in memory else
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function nameOf(disposition: string): string | null {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1];
  if (encoded !== undefined) return decodeURIComponent(encoded);
  return /filename="?([^";]+)"?/i.exec(disposition)?.[1] ?? null;
}
