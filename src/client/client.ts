import createFetchClient, { type Client as FetchClient, type Middleware } from 'openapi-fetch';
import type { FileBody, Paths } from './paths.ts';

/**
 * A typed client of the API, for programs in TypeScript: `muster/client`. It knows nothing of Node,
 * and runs in browsers too. docs/client.md shows how it is used.
 */
export type Client = FetchClient<Paths>;

export type { FileBody, Paths };

export type ClientOptions = {
  /** Address of the service, without `/v1`: `https://muster.example.com`. */
  readonly url: string;
  readonly token: string;
  /** Makes the requests; `fetch` by default. */
  readonly fetch?: (request: Request) => Promise<Response>;
};

/** What the service answered instead of what was asked for. */
export class MusterError extends Error {
  override readonly name = 'MusterError';
  readonly status: number;
  /** `error_code` of the answer, such as `NOT_FOUND`; `HTTP_502` where a proxy answered. */
  readonly code: string;
  /** Stands in the log of the service. */
  readonly errorId: string | null;
  /** Seconds until another try makes sense, where the service says it. */
  readonly retryAfter: number | null;

  constructor(response: Response, text: string) {
    const { error, error_code, error_id } = readError(text);
    super(error ?? `the service answered ${response.status}`);
    this.status = response.status;
    this.code = error_code ?? `HTTP_${response.status}`;
    this.errorId = error_id ?? response.headers.get('x-request-id');
    const retryAfter = response.headers.get('retry-after');
    this.retryAfter = retryAfter === null ? null : Number(retryAfter);
  }
}

type ErrorMembers = { readonly error?: string; readonly error_code?: string; readonly error_id?: string };

function readError(text: string): ErrorMembers {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

const THROW_ERRORS: Middleware = {
  async onResponse({ response }) {
    if (!response.ok) throw new MusterError(response, await response.text());
  },
};

/** A client of a service. Its calls throw `MusterError` for every answer that is an error. */
export function createClient({ url, token, fetch }: ClientOptions): Client {
  const client = createFetchClient<Paths>({
    baseUrl: url.replace(/\/$/, ''),
    headers: token === '' ? {} : { Authorization: token },
    // a file goes out as it is, anything else as JSON
    bodySerializer: (body: unknown) => (isFile(body) ? body : JSON.stringify(body)),
    // so that a body may be a stream; others do not mind
    ...({ duplex: 'half' } as object),
    ...(fetch === undefined ? {} : { fetch }),
  });
  client.use(THROW_ERRORS);
  return client;
}

function isFile(body: unknown): body is FileBody {
  return (
    typeof body === 'string' ||
    body instanceof Blob ||
    body instanceof ReadableStream ||
    body instanceof FormData ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  );
}

type Answered<T> = Promise<{ readonly data?: T }>;

/** The object that a call answers with. */
export async function dataOf<T>(call: Answered<{ readonly data: T }>): Promise<T> {
  return answered(await call).data;
}

export type Page = { readonly first_result: number; readonly max_results: number };
type ListAnswer<T> = { readonly data: readonly T[]; readonly total: number };

const PAGE_SIZE = 1_000;

/**
 * Every element of a list, or the first `most`, page by page:
 * `everyOf((query) => muster.GET('/v1/datamarts', { params: { query } }))`.
 */
export async function* everyOf<T>(
  list: (page: Page) => Answered<ListAnswer<T>>,
  most = Number.POSITIVE_INFINITY,
): AsyncGenerator<T> {
  for (let first = 0; first < most; ) {
    const page = { first_result: first, max_results: Math.min(PAGE_SIZE, most - first) };
    const { data, total } = answered(await list(page));
    yield* data;
    first += data.length;
    if (data.length === 0 || first >= total) return;
  }
}

function answered<T>({ data }: { readonly data?: T }): T {
  if (data === undefined) throw new Error('the answer has no body');
  return data;
}

/** What a call of the API answers with, in `data`. */
type DataOf<Call> = Call extends {
  responses: { 200: { content: { 'application/json': { data: infer Data } } } };
}
  ? Data
  : never;
type ElementOf<Call> = DataOf<Call> extends readonly (infer Element)[] ? Element : never;

export type ApiToken = DataOf<Paths['/v1/api_tokens/current']['get']>;
export type AuditEntry = ElementOf<Paths['/v1/audit_log']['get']>;
export type Datamart = DataOf<Paths['/v1/datamarts/{datamartId}']['get']>;
export type Delivery = ElementOf<Paths['/v1/datamarts/{datamartId}/webhooks/{webhookId}/deliveries']['get']>;
export type DocumentImport = DataOf<Paths['/v1/datamarts/{datamartId}/document_imports/{importId}']['get']>;
export type Execution = DataOf<Paths['/v1/datamarts/{datamartId}/executions/{executionId}']['get']>;
export type Membership = ElementOf<Paths['/v1/datamarts/{datamartId}/user_segments/{selector}']['get']>;
export type Segment = DataOf<Paths['/v1/audience_segments/{segmentId}']['get']>;
export type Webhook = DataOf<Paths['/v1/datamarts/{datamartId}/webhooks/{webhookId}']['get']>;

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;

/** Asks for an execution until it has ended, ever more rarely. Rejects when `signal` is aborted. */
export async function untilEnded(
  client: Client,
  { id, parameters }: Execution,
  signal?: AbortSignal,
): Promise<Execution> {
  const path = { datamartId: String(parameters.datamart_id), executionId: id };
  const init = { params: { path }, ...(signal === undefined ? {} : { signal }) };
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 1.5, LONGEST_WAIT_MS)) {
    const execution = await dataOf(client.GET('/v1/datamarts/{datamartId}/executions/{executionId}', init));
    if (execution.status !== 'PENDING' && execution.status !== 'RUNNING') return execution;
    await wait(waitMs, signal);
  }
}

function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
