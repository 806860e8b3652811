import { readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { createClient } from '@redis/client';
import Fastify from 'fastify';
import { Pool } from 'pg';

/**
 * The plainest routes that answer which segments a user is in, without tokens, logs or metrics:
 * what look-ups of Muster are compared with. A process of its own; it is sent a `Route` and answers
 * with the port.
 */
export type Route = {
  readonly server: 'fastify' | 'node:http';
  readonly source:
    | { readonly of: 'redis'; readonly socket: string }
    | { readonly of: 'postgres'; readonly connection: string }
    /**
     * Reads a block of a file, which is what a look-up cannot do without when the store is larger
     * than memory.
     */
    | { readonly of: 'file'; readonly path: string; readonly bytes: number };
};

/** The path of a look-up, before the user. */
export const ROUTE_PATH = '/users/';

const BLOCK_BYTES = 4096;

type Find = (user: string) => Promise<object[] | null>;

process.once('message', (route: Route) => void serve(route));

async function serve({ server, source }: Route): Promise<void> {
  const find = await openSource(source);
  const port = server === 'fastify' ? await serveFastify(find) : await serveHttp(find);
  process.send?.(port);
}

async function serveFastify(find: Find): Promise<number> {
  const app = Fastify();
  app.get<{ Params: { user: string } }>(`${ROUTE_PATH}:user`, async (request, reply) => {
    const data = await find(request.params.user);
    return data === null ? reply.code(404).send({ status: 'error' }) : { status: 'ok', data };
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return (app.server.address() as AddressInfo).port;
}

async function serveHttp(find: Find): Promise<number> {
  const server = http.createServer((request, response) => {
    find((request.url ?? '').slice(ROUTE_PATH.length)).then(
      (data) => {
        const text = JSON.stringify(data === null ? { status: 'error' } : { status: 'ok', data });
        response.writeHead(data === null ? 404 : 200, { 'content-type': 'application/json' }).end(text);
      },
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function openSource(source: Route['source']): Promise<Find> {
  if (source.of === 'redis') {
    const client = await createClient({ socket: { path: source.socket, tls: false } }).connect();
    return async (user) => {
      const memberships = Object.entries(await client.hGetAll(`user:${user}`));
      return memberships.length === 0 ? null : memberships.map(([id, value]) => toMembership(id, value));
    };
  }
  if (source.of === 'postgres') {
    const pool = new Pool({ connectionString: source.connection, max: 16 });
    const text = readFileSync(path.join(import.meta.dirname, '../postgres/look-up.sql'), 'utf8');
    return async (user) => {
      const { rows } = await pool.query<{ segment_id: number | null }>({
        name: 'look-up',
        text,
        values: [user],
      });
      if (rows.length === 0) return null;
      return rows.flatMap(({ segment_id, ...rest }) =>
        segment_id === null ? [] : [{ segment_id: String(segment_id), ...rest }],
      );
    };
  }
  const file = await open(source.path);
  const blocks = Math.floor(source.bytes / BLOCK_BYTES);
  return async () => {
    const position = Math.floor(Math.random() * blocks) * BLOCK_BYTES;
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(BLOCK_BYTES), 0, BLOCK_BYTES, position);
    if (bytesRead < BLOCK_BYTES) throw new Error('the file is too short');
    return [{ first: buffer[0] }];
  };
}

/**
 * A field of a user's hash: the segment, and the expiry with the data bag behind it
 * (`bench/rows/redis.ts`).
 */
function toMembership(segmentId: string, value: string): object {
  const end = value.indexOf(' ');
  const [expiry, bag] = [Number(value.slice(0, end)), value.slice(end + 1)];
  return { segment_id: segmentId, expiration_ts: expiry || null, data_bag: bag || null };
}
