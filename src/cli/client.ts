import { createClient as createTypedClient } from '../client/client.ts';
import { ApiError, CliError, describe, systemCode } from './failures.ts';

/** Where a service is and how to be let in. */
export type Connection = {
  /** Without a slash at the end. */
  readonly url: string;
  readonly token: string | null;
  /** Where the token came from, for the message when it is refused. */
  readonly tokenHint: string;
  /** The flags that led here: another command line needs them to reach the same service. */
  readonly flags: readonly string[];
  /** The datamart that another command line would take without a flag. */
  readonly datamart: string;
};

export type Page<T> = { readonly data: readonly T[]; readonly total: number };
type Query = Readonly<Record<string, string | number | undefined>>;

const PAGE_SIZE = 1000;

/**
 * The public API over `fetch`. Every call throws `ApiError` for an answer that is an error,
 * `CliError` for none.
 */
export type Client = ReturnType<typeof createClient>;

export function createClient(connection: Connection) {
  const send = async (method: string, path: string, body?: unknown): Promise<Response> => {
    const headers: Record<string, string> = authorization(connection);
    if (body !== undefined) headers['content-type'] = 'application/json';
    const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
    try {
      return await fetch(`${connection.url}${path}`, init);
    } catch (error) {
      throw unreachable(connection, error);
    }
  };
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await send(method, `/v1${path}`, body);
    return readAnswer(connection, { status: response.status, text: await response.text() });
  };
  const list = async <T>(path: string, query: Query = {}): Promise<Page<T>> =>
    (await call('GET', path + queryText(query))) as Page<T>;

  /** A body that is streamed, with its length where that is told. */
  const downloadSized = async (path: string) => {
    const response = await send('GET', `/v1${path}`);
    if (!response.ok || response.body === null) {
      readAnswer(connection, { status: response.status, text: await response.text() });
      throw new CliError(`expected a file from ${path}, got an answer without body`);
    }
    return { body: response.body, bytes: Number(response.headers.get('content-length') ?? 0) };
  };

  /** The same, typed by the description of the API. */
  const api = createTypedClient({
    url: connection.url,
    token: connection.token ?? '',
    fetch: async (request) => {
      const response = await fetch(request).catch((error: unknown) => {
        throw unreachable(connection, error);
      });
      const text = await response.text();
      readAnswer(connection, { status: response.status, text });
      return new Response(text, response);
    },
  });

  return {
    connection,
    api,
    list,
    get: async <T>(path: string) => ((await call('GET', path)) as { data: T }).data,
    post: async <T>(path: string, body: unknown) => ((await call('POST', path, body)) as { data: T }).data,
    put: async <T>(path: string, body: unknown) => ((await call('PUT', path, body)) as { data: T }).data,
    delete: async <T>(path: string) => ((await call('DELETE', path)) as { data: T }).data,
    /** All elements of a list, page by page. */
    async listAll<T>(path: string, query: Query = {}): Promise<T[]> {
      const all: T[] = [];
      for (;;) {
        const page = await list<T>(path, { ...query, first_result: all.length, max_results: PAGE_SIZE });
        all.push(...page.data);
        if (page.data.length === 0 || all.length >= page.total) return all;
      }
    },
    /** The first elements of a list, with how many there are in all. */
    async listFirst<T>(path: string, count: number, query: Query = {}) {
      const elements: T[] = [];
      for (;;) {
        const most = Math.min(PAGE_SIZE, count - elements.length);
        const page = await list<T>(path, { ...query, first_result: elements.length, max_results: most });
        elements.push(...page.data);
        const isLast = page.data.length === 0 || elements.length >= Math.min(count, page.total);
        if (isLast) return { elements, total: page.total };
      }
    },
    /** The answer to a request for server-sent events, whatever it is; `signal` ends it. */
    async events(path: string, signal: AbortSignal): Promise<Response> {
      const headers = { ...authorization(connection), accept: 'text/event-stream' };
      return fetch(`${connection.url}/v1${path}`, { headers, signal });
    },
    /** The answer itself, outside `/v1` and whatever its status: for the health of the service. */
    raw: (path: string) => send('GET', path),
    /** A body that is streamed, such as an error file. */
    async download(path: string): Promise<ReadableStream<Uint8Array>> {
      return (await downloadSized(path)).body;
    },
    downloadSized,
    /**
     * How many bytes a file has that could be downloaded; null where there is none, or it is not
     * told.
     */
    async sizeOf(path: string): Promise<number | null> {
      const { ok, headers } = await send('HEAD', `/v1${path}`);
      const length = headers.get('content-length');
      return ok && length !== null ? Number(length) : null;
    },
  };
}

/** The elements of a list that comes page by page. */
export async function listOf<T>(elements: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const element of elements) all.push(element);
  return all;
}

export function authorization(connection: Connection): Record<string, string> {
  return connection.token === null ? {} : { authorization: connection.token };
}

function queryText(query: Query): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(key, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters}`;
}

/** The answer's JSON, or its error thrown. */
export function readAnswer(connection: Connection, answer: { status: number; text: string }): unknown {
  let content: { status?: string; error?: string; error_code?: string };
  try {
    content = JSON.parse(answer.text);
  } catch {
    const text = `${connection.url} answered ${answer.status} with something that is not JSON: is it a Muster service?`;
    // a proxy whose service is away
    throw [502, 503, 504].includes(answer.status)
      ? new ApiError(answer.status, `HTTP_${answer.status}`, text)
      : new CliError(text);
  }
  if (answer.status < 400 && content.status !== 'error') return content;
  const code = content.error_code ?? `HTTP_${answer.status}`;
  const text = content.error ?? `the service answered ${answer.status}`;
  throw new ApiError(answer.status, code, answer.status === 401 ? `${text}; ${connection.tokenHint}` : text);
}

/** Says which address was tried, and what to do about it. */
export function unreachable({ url }: Connection, error: unknown): CliError {
  const code = systemCode(error);
  const reason = code === 'ECONNREFUSED' ? 'connection refused' : (code ?? deepestMessage(error));
  const hint =
    'Start a service with "muster serve", or name another one with muster login, --url or MUSTER_URL.';
  return new CliError(`no service at ${url} (${reason})\n${hint}`, { cause: error });
}

function deepestMessage(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? deepestMessage(error.cause) : describe(error);
}
