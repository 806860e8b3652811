import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ExecutionStatus, type FailuresByCode, hasEnded } from '../src/model/execution.ts';
import { shareOfRuns } from './tiers.ts';

/** The token every service of a test is started with. */
export const ADMIN_TOKEN = 'test-admin-token-of-32-characters';

export type Answer = {
  readonly status: number;
  readonly text: string;
  /** The parsed body, null when it is no JSON. */
  readonly json: unknown;
  readonly headers: Headers;
};

/** A service as its clients see it, in whichever process it runs. */
export type Client = {
  readonly baseUrl: string;
  readonly token: string;
  /** A text or bytes go out as they are, anything else as JSON. `path` begins with a slash. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
};

export type Format = 'NDJSON' | 'CSV';
/** What an import may take: in most tests, text. */
export type AnyFormat = Format | 'PARQUET';

const MIME_TYPE = {
  NDJSON: 'APPLICATION_X_NDJSON',
  CSV: 'TEXT_CSV',
  PARQUET: 'APPLICATION_PARQUET',
} as const;
export const CONTENT_TYPE = {
  NDJSON: 'application/x-ndjson',
  CSV: 'text/csv',
  PARQUET: 'application/vnd.apache.parquet',
} as const;

/** An execution as the API shows it (spec §3). */
export type ExecutionAnswer = {
  readonly id: string;
  readonly progress?: {
    readonly phase: string;
    readonly bytes_read: number;
    readonly step?: string | null;
    readonly waiting?: { readonly reason: string; readonly since: number } | null;
  };
  readonly status: ExecutionStatus;
  readonly creation_date: number;
  readonly start_date: number | null;
  readonly duration: number | null;
  readonly num_tasks: number | null;
  readonly completed_tasks: number | null;
  readonly erroneous_tasks: number;
  readonly parameters: { readonly datamart_id: number; readonly document_import_id: number };
  readonly result: {
    readonly input_file_uri: string;
    readonly input_file_bytes?: number;
    readonly error_file_uri?: string;
    readonly total_success: number;
    readonly total_failure: number;
    readonly not_applied: number;
    readonly failures_by_code: FailuresByCode;
    readonly warnings: Readonly<Record<string, number>>;
    readonly memberships_created: number;
    readonly memberships_updated: number;
    readonly memberships_deleted: number;
    readonly unchanged: number;
    readonly superseded: number;
    readonly user_points_created: number;
    readonly memberships_left?: number;
    readonly memberships_kept?: number;
    readonly segments?: readonly {
      segment_id: string;
      size_before: number;
      size_after: number;
      members_leaving?: number;
    }[];
  };
  readonly dry_run?: boolean;
  readonly job_type?: string;
  readonly reverts_execution_id?: string;
  readonly reverted_by_execution_id?: string;
  readonly error: { readonly message: string } | null;
};

/** A membership as the API shows it (spec §3). */
export type MembershipAnswer = {
  readonly segment_id: string;
  readonly segment_name: string;
  readonly creation_ts: number;
  readonly last_modified_ts: number;
  readonly expiration_ts: number | null;
  readonly data_bag: string | null;
};

/** A segment as the API shows it (spec §3), as far as tests look. */
export type SegmentAnswer = {
  readonly id: string;
  readonly technical_name: string | null;
  readonly user_points_count: number;
  readonly user_accounts_count: number;
  readonly emails_count: number;
  readonly user_agents_count: number;
};

/** A client of the service at `baseUrl`. */
export function clientOf(baseUrl: string, token: string): Client {
  return {
    baseUrl,
    token,
    async call(method, requestPath, body, headers = {}) {
      const raw = typeof body === 'string' || body instanceof Uint8Array;
      const response = await fetch(`${baseUrl}${requestPath}`, {
        method,
        headers: {
          authorization: token,
          ...(body === undefined || raw ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined
          ? {}
          : { body: raw ? (body as string | Uint8Array<ArrayBuffer>) : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, text, json: parseOrNull(text), headers: response.headers };
    },
  };
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** What a call that must succeed answers under `data`. */
export async function dataOf<T>(answer: Promise<Answer>): Promise<T> {
  const { status, text, json } = await answer;
  assert.ok(status >= 200 && status < 300, `expected success, got ${status}: ${text.slice(0, 500)}`);
  return (json as { data: T }).data;
}

/** Creates a document import; resolves to its id. */
export async function createImport(
  client: Client,
  of: { format: AnyFormat; datamartId?: string; priority?: string; mapping?: unknown },
): Promise<string> {
  const created = await dataOf<{ id: string }>(
    client.call('POST', `/v1/datamarts/${of.datamartId ?? '1'}/document_imports`, {
      document_type: 'USER_SEGMENT',
      mime_type: MIME_TYPE[of.format],
      encoding: 'utf-8',
      name: `test ${of.format}`,
      ...(of.priority === undefined ? {} : { priority: of.priority }),
      ...(of.mapping === undefined ? {} : { mapping: of.mapping }),
    }),
  );
  return created.id;
}

/** Creates a segment, a USER_LIST unless `fields` say otherwise; resolves to its id. */
export async function createSegment(
  client: Client,
  fields: { name: string; datamart_id?: string } & Record<string, unknown>,
): Promise<string> {
  const body = { datamart_id: '1', organisation_id: '1', type: 'USER_LIST', ...fields };
  const created = await dataOf<{ id: string }>(client.call('POST', '/v1/audience_segments', body));
  return created.id;
}

export async function getSegment(client: Client, id: string): Promise<SegmentAnswer> {
  return dataOf(client.call('GET', `/v1/audience_segments/${id}`));
}

/** The path of an import's executions. */
export function executionsPath(of: { datamartId: string; documentImportId: string }): string {
  return `/v1/datamarts/${of.datamartId}/document_imports/${of.documentImportId}/executions`;
}

/** Uploads a file; resolves to the execution as it was answered. */
export async function upload(
  client: Client,
  of: {
    datamartId: string;
    documentImportId: string;
    format: AnyFormat;
    body: string | Uint8Array;
    query?: string;
  },
): Promise<ExecutionAnswer> {
  const path = `${executionsPath(of)}?${of.query ?? ''}`;
  return dataOf(client.call('POST', path, of.body, { 'content-type': CONTENT_TYPE[of.format] }));
}

export async function getExecution(client: Client, execution: ExecutionAnswer): Promise<ExecutionAnswer> {
  const { datamart_id, document_import_id } = execution.parameters;
  const of = { datamartId: String(datamart_id), documentImportId: String(document_import_id) };
  return dataOf(client.call('GET', `${executionsPath(of)}/${execution.id}`));
}

/** Waits until an execution has ended; rejects when that takes more than `timeoutMs`. */
export async function waitForEnd(
  client: Client,
  execution: ExecutionAnswer,
  timeoutMs = 60_000,
): Promise<ExecutionAnswer> {
  const deadline = Date.now() + timeoutMs;
  for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    const now = await getExecution(client, execution);
    if (hasEnded(now.status)) return now;
    assert.ok(
      Date.now() < deadline,
      `execution ${execution.id} is still ${now.status} after ${timeoutMs} ms: ${JSON.stringify(now)}`,
    );
    await sleep(pauseMs);
  }
}

/** Uploads a file, through an import of its own unless one is given, and waits for its end. */
export async function runFile(
  client: Client,
  format: AnyFormat,
  body: string | Uint8Array,
  of: { datamartId?: string; documentImportId?: string; query?: string } = {},
): Promise<ExecutionAnswer> {
  const datamartId = of.datamartId ?? '1';
  const documentImportId = of.documentImportId ?? (await createImport(client, { format, datamartId }));
  return waitForEnd(client, await upload(client, { ...of, datamartId, documentImportId, format, body }));
}

/** The error file of an execution as text, empty when it has none. */
export async function errorFile(client: Client, execution: ExecutionAnswer): Promise<string> {
  const uri = execution.result.error_file_uri;
  if (uri === undefined) return '';
  const answer = await client.call('GET', `/v1/data_file/data?uri=${encodeURIComponent(uri)}`);
  assert.equal(answer.status, 200, answer.text.slice(0, 500));
  return answer.text;
}

/**
 * Live memberships of the user that `selector` names (spec §4), null when there is no such user.
 */
export async function membershipsOf(
  client: Client,
  selector: string,
  datamartId = '1',
): Promise<readonly MembershipAnswer[] | null> {
  const path = `/v1/datamarts/${datamartId}/user_segments/${selector}`;
  // as applications ask, and all of a long list
  const first = await client.call('GET', path);
  if (first.status === 404) return null;
  const { total } = first.json as { readonly total: number };
  const answer = total > 50 ? await client.call('GET', `${path}?max_results=1000`) : first;
  return dataOf(Promise.resolve(answer));
}

/** How many runs a property makes: its own number, times the share of the tier that runs. */
export function runs(everyDay: number): number {
  return Math.max(1, Math.round(everyDay * shareOfRuns()));
}

/** A metric without labels, as GET /metrics shows it. */
export async function metric({ baseUrl }: Client, name: string): Promise<number> {
  const text = await (await fetch(`${baseUrl}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}
