import { type Client, createClient } from './client.ts';
import { UsageError } from './failures.ts';

const DEFAULT_URL = 'http://127.0.0.1:8080';

/** The flags of every command that talks to a service. */
export const CONNECTION_ARGS = {
  url: {
    type: 'string',
    valueHint: 'URL',
    description: `address of the service; else MUSTER_URL, else ${DEFAULT_URL}`,
  },
  token: { type: 'string', valueHint: 'TOKEN', description: 'API token; else MUSTER_TOKEN' },
  json: { type: 'boolean', description: 'print one JSON document on standard output, and nothing else' },
} as const;

export const DATAMART_ARG = {
  datamart: {
    type: 'string',
    valueHint: 'ID',
    default: process.env.MUSTER_DATAMART || '1',
    description: 'the datamart that is meant; else MUSTER_DATAMART, else 1',
  },
} as const;

/** The segment that a command is about; `findSegment` reads it. */
export const SEGMENT_ARG = {
  segment: { type: 'positional', required: true, description: 'its technical name or its id' },
} as const;

type Given = { readonly url?: string | undefined; readonly token?: string | undefined };

/** A client of the service that flags or environment name; an empty variable counts as not set. */
export function openClient(
  given: Given,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Client {
  const fromEnvironment = env.MUSTER_TOKEN || null;
  return createClient({
    url: readUrl(
      given.url ?? (env.MUSTER_URL || DEFAULT_URL),
      given.url === undefined ? 'MUSTER_URL' : '--url',
    ),
    token: given.token ?? fromEnvironment,
    tokenSource: given.token !== undefined ? '--token' : fromEnvironment === null ? null : 'MUSTER_TOKEN',
  });
}

function readUrl(text: string, source: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(
      `${source}: expected an address such as ${DEFAULT_URL}, got ${JSON.stringify(text)}`,
    );
  }
  let base = url.origin + url.pathname;
  while (base.endsWith('/')) base = base.slice(0, -1);
  return base;
}

/** The base path of a datamart, from what `--datamart` gave. */
export function datamartPath(id: string): string {
  if (!/^\d+$/.test(id))
    throw new UsageError(
      `${id === process.env.MUSTER_DATAMART ? 'MUSTER_DATAMART' : '--datamart'}: expected the id of a datamart, got ${JSON.stringify(id)}`,
    );
  return `/datamarts/${id}`;
}
