import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import {
  type Credentials,
  isSameVersion,
  type SeenFile,
  type SourceFile,
  type SourceLocation,
} from '../model/source.ts';
import { unfitName } from './file-names.ts';
import { lookUpOf, portOf, requireUrl } from './reach.ts';
import type { ListedFile, Opening, OpenSource, Reading } from './source-driver.ts';
import { reasonOfFault, SourceError } from './source-error.ts';

type Https = Extract<SourceLocation, { kind: 'HTTPS' }>;

/** How long an answer may take to begin. */
const ANSWER_MS = 30_000;
const NOT_MODIFIED = 304;
const MAX_NAME_CHARS = 255;

/** The name of the file that a URL leads to: the last part of its path. */
export function nameInUrl(text: string): string {
  const last = new URL(text).pathname.split('/').findLast((part) => part !== '') ?? '';
  let name = last;
  try {
    name = decodeURIComponent(last);
  } catch {
    // no UTF-8: it stays as it is written
  }
  return name.replaceAll('/', '_').slice(0, MAX_NAME_CHARS) || 'file';
}

/**
 * One file of a web server. It is asked for under the condition that it is another than the last
 * one that was taken; what comes is read as it is listed, by one request. Redirects are not
 * followed.
 */
export async function openHttps({ url, ca }: Https, opening: Opening): Promise<OpenSource> {
  const target = requireUrl(url, opening.network);
  const name = nameInUrl(url);
  let answer: IncomingMessage | null = null;

  async function ask(): Promise<SeenFile | null> {
    const last = await opening.lastFile(name);
    const known = last?.status === 'TAKEN' || last?.status === 'SAME' ? last : null;
    const headers = { ...authorization(opening.credentials), ...conditions(known) };
    answer?.destroy();
    answer = await get(target, { headers, ca, opening });
    const { statusCode: status = 0 } = answer;
    if (status === NOT_MODIFIED && known !== null) {
      answer.destroy();
      const { bytes, etag, modifiedTs } = known;
      return { name, bytes, etag, modifiedTs };
    }
    if (status === 200) return { name, ...versionOf(answer) };
    answer.destroy();
    if (status === 404 || status === 410) return null;
    throw new SourceError(whyRefused(status));
  }

  return {
    async *list(): AsyncGenerator<ListedFile> {
      const file = await ask();
      if (file !== null) yield { ...file, unfit: unfitName(name) };
    },
    stateOf: async () => 'WHOLE',
    look: ask,
    async read(file): Promise<Reading> {
      if (answer === null || answer.destroyed) {
        const now = await ask();
        if (now === null || answer === null) throw new SourceError('it is gone');
        if (file.etag !== null && !isSameVersion(now, file))
          throw new SourceError('it was changed meanwhile');
      }
      const stream = answer;
      return {
        stream,
        contentEncoding: stream.headers['content-encoding'] ?? null,
        isUnchanged: async () => stream.complete,
        close: async () => {
          stream.destroy();
        },
      };
    },
    move: async () => undefined,
    remove: async () => undefined,
    close: async () => {
      answer?.destroy();
    },
  };
}

function authorization({ user, password, token }: Credentials): Readonly<Record<string, string>> {
  if (token !== undefined) return { Authorization: `Bearer ${token}` };
  if (user === undefined && password === undefined) return {};
  const basic = Buffer.from(`${user ?? ''}:${password ?? ''}`, 'utf8').toString('base64');
  return { Authorization: `Basic ${basic}` };
}

function conditions(known: SourceFile | null): Readonly<Record<string, string>> {
  if (known === null) return {};
  return {
    ...(known.etag === null ? {} : { 'If-None-Match': known.etag }),
    ...(known.modifiedTs === null ? {} : { 'If-Modified-Since': new Date(known.modifiedTs).toUTCString() }),
  };
}

function versionOf({ headers }: IncomingMessage): Omit<SeenFile, 'name'> {
  const length = Number(headers['content-length'] ?? Number.NaN);
  const modified = Date.parse(headers['last-modified'] ?? '');
  return {
    // of what is on its way, which a Content-Encoding makes another length than that of the file
    bytes: Number.isSafeInteger(length) && headers['content-encoding'] === undefined ? length : null,
    etag: headers.etag === undefined ? null : headers.etag.slice(0, 1_000),
    modifiedTs: modified >= 0 ? modified : null,
  };
}

function whyRefused(status: number): string {
  if (status >= 300 && status < 400)
    return `the server leads elsewhere (${status}): give the URL that it leads to, redirects are not followed`;
  if (status === 401 || status === 403) return `the server refuses the credentials (${status})`;
  return `the server answered ${status}, expected 200`;
}

function get(
  target: URL,
  {
    headers,
    ca,
    opening: { network, signal },
  }: {
    readonly headers: Readonly<Record<string, string>>;
    readonly ca: string | null;
    readonly opening: Pick<Opening, 'network' | 'signal'>;
  },
): Promise<IncomingMessage> {
  const isTls = target.protocol === 'https:';
  const lookup = lookUpOf(target.hostname, portOf(target), { network, signal });
  const request = (isTls ? requestHttps : requestHttp)(target, {
    method: 'GET',
    agent: false,
    lookup,
    signal,
    ...(ca === null ? {} : { ca: [ca] }),
    headers: {
      Accept: '*/*',
      'Accept-Encoding': 'gzip, identity',
      'User-Agent': 'Muster-Sources/1',
      ...headers,
    },
  });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => request.destroy(new SourceError(`no answer came within ${ANSWER_MS} ms`)),
      ANSWER_MS,
    );
    request.once('response', (response) => {
      clearTimeout(timer);
      // whoever reads it is told of what becomes of it
      response.on('error', () => undefined);
      resolve(response);
    });
    request.once('upgrade', (_response, socket) => {
      socket.destroy();
      reject(new SourceError('the server does not answer in HTTP'));
    });
    request.on('error', (fault) => {
      clearTimeout(timer);
      reject(fault instanceof SourceError ? fault : asSourceError(fault));
    });
    request.end();
  });
}

/** What Node says of certificates that it does not trust. */
const OF_CERTIFICATES = /^(CERT_|ERR_TLS_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_)/;

function asSourceError(cause: Error): SourceError {
  const code = String((cause as NodeJS.ErrnoException).code);
  if (OF_CERTIFICATES.test(code))
    return new SourceError(`the certificate of the server is not trusted (${code})`, { cause });
  return new SourceError(reasonOfFault(cause), { cause });
}
