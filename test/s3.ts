import { randomUUID } from 'node:crypto';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import { startFauxqs } from 'fauxqs';

/** What is to happen to a request in place of what the server does; null: nothing. */
export type S3Fault =
  | { readonly type: 'ANSWER'; readonly status: number; readonly body: string }
  /** The answer breaks off after so many bytes of its body. */
  | { readonly type: 'CUT'; readonly after: number }
  /** The server is asked something more. */
  | { readonly type: 'QUERY'; readonly more: string }
  | null;

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
};

export type S3Server = {
  /** What leads the AWS SDK to it. */
  readonly env: Readonly<Record<string, string>>;
  readonly client: S3Client;
  /** Makes a bucket of a name that no other has. */
  makeBucket(): string;
  /** Decides about each request from here on, until it is set again. */
  setFaults(fault: (asked: Asked) => S3Fault): void;
  close(): Promise<void>;
};

const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

/** An error as S3 tells it. */
export function s3Error(status: number, code: string): S3Fault & { readonly type: 'ANSWER' } {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  return { type: 'ANSWER', status, body };
}

/**
 * Starts a server that speaks the protocol of S3, in this process and in memory, behind a proxy
 * that can spoil what it answers: what breaks on the way, and what this server does not do by
 * itself.
 */
export async function startS3(): Promise<S3Server> {
  const server = await startFauxqs({ port: 0, logger: false });
  let faultOf: (asked: Asked) => S3Fault = () => null;
  // conditional writes, which the server takes as others
  const createdPaths = new Set<string>();
  const refusal = ({ method, headers }: IncomingMessage, path: string) => {
    if (method !== 'PUT' || headers['if-none-match'] !== '*') return null;
    if (createdPaths.has(path)) return s3Error(412, 'PreconditionFailed');
    createdPaths.add(path);
    return null;
  };
  const proxy = createServer((incoming, answer) => {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://s3');
    const fault = faultOf({
      method: incoming.method ?? '',
      path: pathname,
      query: searchParams,
      headers: incoming.headers,
    });
    const refused = fault?.type === 'ANSWER' ? fault : refusal(incoming, pathname);
    if (refused !== null) {
      incoming.resume();
      answer.writeHead(refused.status, { 'content-type': 'application/xml' }).end(refused.body);
    } else forward(incoming, answer, { port: server.port, fault: fault?.type === 'ANSWER' ? null : fault });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const client = new S3Client({
    ...{ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: CREDENTIALS, maxAttempts: 2 },
  });
  return {
    env: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    },
    client,
    makeBucket: () => {
      const name = `bucket-${randomUUID()}`;
      server.createBucket(name);
      return name;
    },
    setFaults: (fault) => {
      faultOf = fault;
    },
    close: async () => {
      client.destroy();
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
      await server.stop();
    },
  };
}

function forward(
  incoming: IncomingMessage,
  answer: ServerResponse,
  { port, fault }: { readonly port: number; readonly fault: Exclude<S3Fault, { type: 'ANSWER' }> },
): void {
  const { method, headers } = incoming;
  const path = fault?.type === 'QUERY' ? `${incoming.url}&${fault.more}` : incoming.url;
  const upstream = request({ host: '127.0.0.1', port, method, path, headers }, (given) => {
    answer.writeHead(given.statusCode ?? 500, given.headers);
    if (fault?.type !== 'CUT') return void given.pipe(answer);
    let left = fault.after;
    given.on('data', (chunk: Buffer) => {
      answer.write(chunk.subarray(0, left), () => {
        if (left <= 0) answer.destroy();
      });
      left -= chunk.length;
    });
  });
  upstream.on('error', () => answer.destroy());
  incoming.on('error', () => upstream.destroy());
  incoming.pipe(upstream);
}
