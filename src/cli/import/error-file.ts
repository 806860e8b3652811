import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { Client } from '../client.ts';
import type { Format, Source } from './source.ts';

/**
 * Saves the failed lines beside the input: `day-one.ndjson` → `day-one.errors.ndjson`. Complete or not at all; one from
 * an earlier run is replaced.
 */
export async function saveErrorFile(
  client: Client,
  uri: string,
  input: { source: Source; format: Format },
): Promise<string> {
  const stem = path.basename(input.source.name, path.extname(input.source.name));
  const file = path.join(path.dirname(input.source.path), `${stem}.errors.${input.format}`);
  const partial = `${file}.part`;
  const bytes = await client.download(`/data_file/data?${new URLSearchParams({ uri })}`);
  try {
    await pipeline(Readable.fromWeb(bytes as ReadableStream), createWriteStream(partial));
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  return file;
}
