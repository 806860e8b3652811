/** Calls of the API with the token of this tab; nothing else talks to the service. */

/** After this an answer is no longer waited for: no spinner goes on for ever. */
const PATIENCE_MS = 60_000;

/** What the service answered instead of what was asked for, or that it did not answer. */
export class ApiProblem extends Error {
  /** 0: there was no answer. */
  readonly status: number;
  /** `error_code` of the answer; `NO_ANSWER` and `TIMEOUT` are the console's own. */
  readonly code: string;
  /** Stands in the log of the service. */
  readonly errorId: string | null;

  constructor(of: { status: number; code: string; message: string; errorId?: string | null }) {
    super(of.message);
    this.status = of.status;
    this.code = of.code;
    this.errorId = of.errorId ?? null;
  }
}

let token: string | null = null;
let refused: () => void = () => undefined;

/**
 * The token that calls are made with from here on; `onRefused` is told when the service does not
 * know it any more.
 */
export function setTokenOfCalls(value: string | null, onRefused: () => void): void {
  token = value;
  refused = onRefused;
}

/** The headers that every call has. */
export function authorization(): Record<string, string> {
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** A path with its parameters; what is undefined is left out. */
export function withQuery(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

/**
 * Makes a call and resolves to its answer once its status is known to be good. Throws ApiProblem.
 */
export async function call(
  path: string,
  init: RequestInit & { patienceMs?: number } = {},
): Promise<Response> {
  const { patienceMs = PATIENCE_MS, signal, ...rest } = init;
  const patience = AbortSignal.timeout(patienceMs);
  const response = await fetch(path, {
    ...rest,
    headers: { ...authorization(), ...(rest.headers as Record<string, string> | undefined) },
    signal: signal ? AbortSignal.any([signal, patience]) : patience,
  }).catch((cause: unknown) => {
    if (signal?.aborted) throw cause;
    throw patience.aborted ? noAnswer('TIMEOUT') : noAnswer('NO_ANSWER');
  });
  if (response.ok) return response;
  throw await readProblem(response.status, await response.text());
}

function noAnswer(code: 'TIMEOUT' | 'NO_ANSWER'): ApiProblem {
  return new ApiProblem({ status: 0, code, message: '' });
}

/** The problem that an answer tells of. A refused token is told to whoever holds it. */
export async function readProblem(status: number, text: string): Promise<ApiProblem> {
  if (status === 401) refused();
  try {
    const { error, error_code, error_id } = JSON.parse(text) as Record<string, string>;
    return new ApiProblem({
      ...{ status, code: error_code ?? String(status), message: error ?? '', errorId: error_id ?? null },
    });
  } catch {
    return new ApiProblem({ status, code: String(status), message: text.slice(0, 200) });
  }
}

/** The element that a GET answers with. */
export async function get<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  const response = await call(withQuery(path, query), signal ? { signal } : {});
  return ((await response.json()) as { data: T }).data;
}

/** The page of a list that a GET answers with, whole. */
export async function getList<T extends object>(
  path: string,
  query?: Query,
  signal?: AbortSignal,
): Promise<T> {
  const response = await call(withQuery(path, query), signal ? { signal } : {});
  return (await response.json()) as T;
}

/** What the service answers to a change. */
export async function send<T>(method: 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<T> {
  const response = await call(path, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
  });
  return ((await response.json()) as { data: T }).data;
}
