import { queryOptions } from '@tanstack/react-query';
import { queryOf, type RunFilter } from '../executions/run-filter.ts';
import { ApiProblem, get, getList, type Query } from './client.ts';
import { inTurn } from './in-turn.ts';
import { importsPath, sourcePath } from './paths.ts';
import type {
  Activity,
  ApiToken,
  AuditEntry,
  CompartmentSelection,
  Datamart,
  Delivery,
  DocumentImport,
  Execution,
  ExecutionChanges,
  FailedLine,
  Forecast,
  List,
  ListedImport,
  ListedWarning,
  Member,
  Membership,
  MembershipChange,
  MembershipOrigin,
  Overlaps,
  RevertPreview,
  Segment,
  SegmentChanges,
  SegmentExport,
  SegmentHistory,
  Source,
  SourceFile,
  UnknownSegment,
  UserIdentifier,
  Webhook,
} from './types.ts';

/** What the console asks the API, under the keys that answers are kept by. */

const MOST_RESULTS = 1_000;
const MINUTE_MS = 60_000;

/** All of a list, page by page. */
async function getAll<T>(path: string, query: Query, signal: AbortSignal): Promise<readonly T[]> {
  const all: T[] = [];
  for (;;) {
    const page = await getList<List<T>>(
      path,
      { ...query, first_result: all.length, max_results: MOST_RESULTS },
      signal,
    );
    all.push(...page.data);
    if (page.data.length === 0 || all.length >= page.total) return all;
  }
}

export const currentToken = (token: string) =>
  queryOptions({
    queryKey: ['current token', token],
    queryFn: ({ signal }) => get<ApiToken>('/v1/api_tokens/current', {}, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });

export const datamarts = () =>
  queryOptions({
    queryKey: ['datamarts'],
    queryFn: ({ signal }) => getAll<Datamart>('/v1/datamarts', {}, signal),
    staleTime: 5 * MINUTE_MS,
  });

export const imports = (dm: string) =>
  queryOptions({
    queryKey: ['imports', dm],
    queryFn: ({ signal }) => getAll<ListedImport>(importsPath(dm), { last_execution: true }, signal),
  });

export const documentImport = (dm: string, id: string) =>
  queryOptions({
    queryKey: ['import', dm, id],
    queryFn: ({ signal }) => get<DocumentImport>(`${importsPath(dm)}/${id}`, {}, signal),
  });

export const importExecutions = (dm: string, id: string, most: number) =>
  queryOptions({
    queryKey: ['executions', dm, id, most],
    queryFn: ({ signal }) =>
      getList<List<Execution>>(`${importsPath(dm)}/${id}/executions`, { max_results: most }, signal),
  });

export const datamartExecutions = (dm: string, status: string | undefined, most: number) =>
  queryOptions({
    queryKey: ['executions', dm, 'all', status, most],
    queryFn: ({ signal }) =>
      getList<List<Execution>>(`/v1/datamarts/${dm}/executions`, { status, max_results: most }, signal),
  });

/** The last 24 hours of a datamart. */
export const activity = (dm: string) =>
  queryOptions({
    queryKey: ['executions', dm, 'activity'],
    queryFn: ({ signal }) => get<Activity>(`/v1/datamarts/${dm}/activity`, {}, signal),
  });

/** A page of the list of all runs of a datamart. */
export const runs = (dm: string, filter: RunFilter) =>
  queryOptions({
    queryKey: ['executions', dm, 'runs', filter],
    queryFn: ({ signal }) =>
      getList<List<Execution>>(`/v1/datamarts/${dm}/executions`, queryOf(filter, Date.now()), signal),
  });

/** The newest runs of files whose name has a text in it. */
export const runsOfFile = (dm: string, fileName: string, most: number) =>
  queryOptions({
    queryKey: ['executions', dm, 'file', fileName, most],
    queryFn: ({ signal }) =>
      getList<List<Execution>>(
        `/v1/datamarts/${dm}/executions`,
        { file_name: fileName, max_results: most },
        signal,
      ),
  });

export const execution = (path: string) =>
  queryOptions({
    queryKey: ['execution', path],
    queryFn: ({ signal }) => get<Execution>(path, {}, signal),
  });

export const executionWarnings = (path: string) =>
  queryOptions({
    queryKey: ['execution', path, 'warnings'],
    queryFn: ({ signal }) => getAll<ListedWarning>(`${path}/warnings`, {}, signal),
  });

/** The first failed lines with a code. */
export const failedLines = (path: string, code: string, most: number) =>
  queryOptions({
    queryKey: ['execution', path, 'failed lines', code, most],
    queryFn: ({ signal }) =>
      getList<List<FailedLine>>(`${path}/errors`, { error_code: code, max_results: most }, signal),
  });

/** The names that are no segments, those that most lines give. */
export const unknownSegments = (path: string) =>
  queryOptions({
    queryKey: ['execution', path, 'unknown segments'],
    queryFn: ({ signal }) =>
      getList<List<UnknownSegment>>(`${path}/unknown_segments`, { max_results: 20 }, signal),
  });

export const segmentChanges = (path: string) =>
  queryOptions({
    queryKey: ['execution', path, 'segment changes'],
    queryFn: ({ signal }) => get<SegmentChanges>(`${path}/segment_changes`, {}, signal),
  });

export const revertPreview = (path: string) =>
  queryOptions({
    queryKey: ['execution', path, 'revert preview'],
    queryFn: ({ signal }) => get<RevertPreview>(`${path}/revert_preview`, {}, signal),
    staleTime: 0,
    gcTime: 0,
  });

/** All segments of a datamart: the console sorts and searches them itself. */
export const segments = (dm: string) =>
  queryOptions({
    queryKey: ['segments', dm],
    queryFn: ({ signal }) => getAll<Segment>('/v1/audience_segments', { datamart_id: dm }, signal),
  });

export const segment = (id: string) =>
  queryOptions({
    queryKey: ['segment', id],
    queryFn: ({ signal }) => get<Segment>(`/v1/audience_segments/${id}`, {}, signal),
  });

const ofSegment = (id: string, part: string) => `/v1/audience_segments/${id}/${part}`;

export const segmentHistory = (id: string, query: { interval: 'hour' | 'day'; hours: number }) =>
  queryOptions({
    queryKey: ['segment', id, 'history', query],
    queryFn: ({ signal }) => {
      const from = Date.now() - query.hours * 60 * MINUTE_MS;
      return get<SegmentHistory>(ofSegment(id, 'history'), { interval: query.interval, from }, signal);
    },
    staleTime: MINUTE_MS,
  });

/**
 * A small line in a list: of many at a time, each in its turn. A row that is out of sight by then
 * is not asked for.
 */
export const segmentTrend = (id: string, days: number) =>
  queryOptions({
    queryKey: ['segment', id, 'trend', days],
    queryFn: ({ signal }) => {
      const from = Date.now() - days * 24 * 60 * MINUTE_MS;
      return inTurn(signal, () =>
        get<SegmentHistory>(ofSegment(id, 'history'), { interval: 'day', from }, signal),
      );
    },
    staleTime: 5 * MINUTE_MS,
  });

export const forecast = (id: string) =>
  queryOptions({
    queryKey: ['segment', id, 'expirations'],
    queryFn: ({ signal }) => get<Forecast>(ofSegment(id, 'expirations'), {}, signal),
  });

export const changingExecutions = (id: string) =>
  queryOptions({
    queryKey: ['segment', id, 'executions'],
    queryFn: ({ signal }) =>
      getList<List<ExecutionChanges>>(ofSegment(id, 'executions'), { max_results: 50 }, signal),
  });

/** As many of them as one answer has: what a chart of sizes marks. */
export const segmentRuns = (id: string) =>
  queryOptions({
    queryKey: ['segment', id, 'executions', 'all'],
    queryFn: ({ signal }) =>
      getList<List<ExecutionChanges>>(ofSegment(id, 'executions'), { max_results: MOST_RESULTS }, signal),
    staleTime: MINUTE_MS,
  });

export const members = (id: string, after: string | null) =>
  queryOptions({
    queryKey: ['segment', id, 'members', after],
    queryFn: ({ signal }) =>
      getList<List<Member> & { readonly after: string | null }>(
        ofSegment(id, 'members'),
        { max_results: 50, after: after ?? undefined },
        signal,
      ),
  });

export const segmentExports = (id: string) =>
  queryOptions({
    queryKey: ['segment', id, 'exports'],
    queryFn: ({ signal }) =>
      getList<List<SegmentExport>>(ofSegment(id, 'exports'), { max_results: 10 }, signal),
  });

export const overlaps = (dm: string, ids: readonly string[]) =>
  queryOptions({
    queryKey: ['overlaps', dm, ids],
    queryFn: ({ signal }) =>
      get<Overlaps>(`/v1/datamarts/${dm}/segment_overlaps`, { segment_ids: ids.join(',') }, signal),
    enabled: ids.length > 1,
  });

export const compartments = (dm: string) =>
  queryOptions({
    queryKey: ['compartments', dm],
    queryFn: ({ signal }) => getAll<CompartmentSelection>(`/v1/datamarts/${dm}/compartments`, {}, signal),
    staleTime: 5 * MINUTE_MS,
  });

const ofUser = (dm: string, selector: string, part: string) =>
  `/v1/datamarts/${dm}/user_points/${encodeURIComponent(selector)}/${part}`;

export const memberships = (dm: string, selector: string) =>
  queryOptions({
    queryKey: ['user', dm, selector, 'memberships'],
    queryFn: ({ signal }) => getAll<Membership>(ofUser(dm, selector, 'user_segments'), {}, signal),
  });

export const userIdentifiers = (dm: string, selector: string) =>
  queryOptions({
    queryKey: ['user', dm, selector, 'identifiers'],
    queryFn: ({ signal }) => getAll<UserIdentifier>(ofUser(dm, selector, 'user_identifiers'), {}, signal),
  });

export const userOrigins = (dm: string, selector: string) =>
  queryOptions({
    queryKey: ['user', dm, selector, 'origins'],
    queryFn: ({ signal }) =>
      getAll<MembershipOrigin>(ofUser(dm, selector, 'user_segment_origins'), {}, signal),
  });

export const userChanges = (dm: string, selector: string) =>
  queryOptions({
    queryKey: ['user', dm, selector, 'changes'],
    queryFn: ({ signal }) =>
      getList<List<MembershipChange> & { readonly known_since: number }>(
        ofUser(dm, selector, 'user_segment_changes'),
        { max_results: 200 },
        signal,
      ),
  });

export const tokens = () =>
  queryOptions({
    queryKey: ['tokens'],
    queryFn: ({ signal }) => getAll<ApiToken>('/v1/api_tokens', {}, signal),
  });

export const auditLog = (dm: string, query: Query) =>
  queryOptions({
    queryKey: ['audit log', dm, query],
    queryFn: ({ signal }) =>
      getList<List<AuditEntry>>('/v1/audit_log', { max_results: 100, ...query }, signal),
  });

export const webhooks = (dm: string) =>
  queryOptions({
    queryKey: ['webhooks', dm],
    queryFn: ({ signal }) => getAll<Webhook>(`/v1/datamarts/${dm}/webhooks`, {}, signal),
  });

export const deliveries = (dm: string, webhookId: string) =>
  queryOptions({
    queryKey: ['webhooks', dm, webhookId, 'deliveries'],
    queryFn: ({ signal }) =>
      getList<List<Delivery>>(
        `/v1/datamarts/${dm}/webhooks/${webhookId}/deliveries`,
        { max_results: 50 },
        signal,
      ),
  });

export const sources = (dm: string) =>
  queryOptions({
    queryKey: ['sources', dm],
    queryFn: ({ signal }) => getAll<Source>(`/v1/datamarts/${dm}/sources`, {}, signal),
  });

/** The source of an import; null where it has none. */
export const source = (dm: string, importId: string) =>
  queryOptions({
    queryKey: ['sources', dm, importId],
    queryFn: ({ signal }) =>
      get<Source>(sourcePath(dm, importId), {}, signal).catch((error: unknown) => {
        if (error instanceof ApiProblem && error.status === 404) return null;
        throw error;
      }),
  });

/** What became of the files of a source; `run` is the end of the last one, which may add some. */
export const sourceFiles = (
  dm: string,
  importId: string,
  { status, most, run }: { readonly status: string; readonly most: number; readonly run: number | null },
) =>
  queryOptions({
    queryKey: ['sources', dm, importId, 'files', status, most, run],
    queryFn: ({ signal }) =>
      getList<List<SourceFile>>(
        `${sourcePath(dm, importId)}/files`,
        { status: status === '' ? undefined : status, max_results: most },
        signal,
      ),
  });
