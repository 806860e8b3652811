import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import { writePrivately } from '../../private-files.ts';
import type { Client } from '../client.ts';
import { command } from '../command.ts';
import { CONNECTION_ARGS, DATAMART_ARG, datamartPath, openClient, SEGMENT_ARG } from '../connection.ts';
import { openDownloadProgress } from '../download-progress.ts';
import { UsageError } from '../failures.ts';
import { folderOf } from '../files/name.ts';
import { unlessUnusable } from '../files/save.ts';
import { findSegment } from '../find-segment.ts';
import { readErrorPlace } from '../import/error-file.ts';
import { formatBytes, print, printJson } from '../output.ts';

const MIME_TYPE = {
  ndjson: 'APPLICATION_X_NDJSON',
  csv: 'TEXT_CSV',
  parquet: 'APPLICATION_PARQUET',
} as const;
type Format = keyof typeof MIME_TYPE;

const TYPE: Readonly<Record<string, string>> = {
  account: 'USER_ACCOUNT',
  email: 'USER_EMAIL',
  agent: 'USER_AGENT',
};

export const exportCommand = command({
  name: 'export',
  description: 'exports the members of a segment to a file that can be imported again',
  args: {
    ...SEGMENT_ARG,
    format: {
      type: 'string',
      valueHint: 'FORMAT',
      description: 'ndjson, csv or parquet; by default what the name in --output ends with, else ndjson',
    },
    identifiers: {
      type: 'string',
      valueHint: 'LIST',
      description:
        'kinds of identifiers, comma-separated: account, account:COMPARTMENT, email, agent; by default all',
    },
    output: {
      type: 'string',
      alias: 'o',
      valueHint: 'FILE|DIR',
      description:
        'output file, or folder for a file with the usual name; by default segment-ID.FORMAT in the current folder; - is standard output',
    },
    ...DATAMART_ARG,
    ...CONNECTION_ARGS,
  },
  examples: ['muster export vip', 'muster export vip --identifiers email -o vip.csv'],
  notes: [
    'NDJSON and CSV exports consist of commands: muster import creates the same memberships from them.',
    'An existing file is replaced once the new one is complete.',
  ],
  run: async (args) => {
    writePrivately();
    const client = openClient(args);
    const format = readFormat(args.format, args.output);
    const query = new URLSearchParams({ mime_type: MIME_TYPE[format] });
    if (args.identifiers !== undefined) query.set('identifiers', readIdentifiers(args.identifiers));
    const segment = await findSegment(client, datamartPath(args.datamart), args.segment);
    const source = `/audience_segments/${segment.id}/export_file?${query}`;
    if (args.output === '-') {
      await pipeline(Readable.fromWeb((await client.download(source)) as ReadableStream), process.stdout);
      return 0;
    }
    const name = `segment-${segment.id}.${format}`;
    const file = await fileFor(args.output ?? name, name);
    const bytes = await save(client, source, file);
    if (args.json) printJson({ file, bytes, segment_id: segment.id });
    else
      print(
        `${file}: segment ${segment.id} (${segment.technical_name ?? segment.name}), ${formatBytes(bytes)}`,
      );
    return 0;
  },
});

/** The file that is meant by what was given: of a folder, the one with the usual name in it. */
async function fileFor(given: string, name: string): Promise<string> {
  const place = await readErrorPlace(given);
  return place.kind === 'FOLDER' ? path.join(place.folder, name) : given;
}

/** Whole or not at all; resolves to its length. */
async function save(client: Client, source: string, file: string): Promise<number> {
  const partial = `${file}.part`;
  const progress = openDownloadProgress(path.basename(file));
  let received = 0;
  try {
    const { body, bytes } = await client.downloadSized(source);
    const counted = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        received += chunk.length;
        progress.received(received, bytes);
        yield chunk;
      }
    };
    await pipeline(Readable.fromWeb(body as ReadableStream), counted, createWriteStream(partial)).catch(
      (error: unknown) => {
        throw unlessUnusable(error, folderOf(file));
      },
    );
    await rename(partial, file);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw error;
  } finally {
    progress.close();
  }
  return received;
}

function readFormat(given: string | undefined, output: string | undefined): Format {
  const text = given ?? /\.(ndjson|csv|parquet)$/.exec(output ?? '')?.[1] ?? 'ndjson';
  if (text === 'ndjson' || text === 'csv' || text === 'parquet') return text;
  throw new UsageError(`--format: expected ndjson, csv or parquet, got ${JSON.stringify(text)}`);
}

function readIdentifiers(list: string): string {
  return list
    .split(',')
    .map((word) => {
      const [, name = '', compartment = ''] = /^(account|email|agent)(:\d+)?$/.exec(word.trim()) ?? [];
      const type = TYPE[name];
      if (type !== undefined && (compartment === '' || name === 'account')) return type + compartment;
      throw new UsageError(
        `--identifiers: expected account, account:COMPARTMENT, email or agent, got ${JSON.stringify(word)}`,
      );
    })
    .join(',');
}
