import type { Query } from '../api/client.ts';

/**
 * The filters of the list of runs, as they stand in the URL of the page: a view can be sent to
 * somebody.
 */
export type RunFilter = {
  readonly status: RunStatus;
  readonly kind: RunKind;
  readonly time: RunTime;
  /** Part of a file's name. */
  readonly file: string;
  /** Ids; empty for all. */
  readonly import: string;
  readonly segment: string;
  readonly token: string;
  /** Local times such as `2026-11-29T20:00`; of `time=custom` alone. */
  readonly from: string;
  readonly to: string;
  /** From 1 on. */
  readonly page: number;
};

export const RUN_STATUSES = ['', 'active', 'failures', 'failed', 'succeeded', 'canceled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];
export const RUN_KINDS = ['', 'update', 'replace', 'dry_run', 'user_list', 'revert'] as const;
export type RunKind = (typeof RUN_KINDS)[number];
export const RUN_TIMES = ['', 'hour', 'day', 'week', 'month', 'custom'] as const;
export type RunTime = (typeof RUN_TIMES)[number];

export const NO_FILTER: RunFilter = {
  ...{ status: '', kind: '', time: '', file: '', import: '', segment: '', token: '', from: '', to: '' },
  page: 1,
};

export const RUNS_PER_PAGE = 50;
const HOUR_MS = 3_600_000;
const TIMES_MS = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS, month: 30 * 24 * HOUR_MS };

/** Reads a filter from the search of a URL; what it cannot read is not filtered by. */
export function readFilter(search: URLSearchParams): RunFilter {
  const among = <T extends string>(name: string, values: readonly T[]) =>
    values.find((value) => value === search.get(name)) ?? ('' as T);
  const idOf = (name: string) => /^\d{1,18}$/.exec(search.get(name) ?? '')?.[0] ?? '';
  return {
    status: among('status', RUN_STATUSES),
    kind: among('kind', RUN_KINDS),
    time: among('time', RUN_TIMES),
    file: search.get('file') ?? '',
    import: idOf('import'),
    segment: idOf('segment'),
    token: idOf('token'),
    from: search.get('from') ?? '',
    to: search.get('to') ?? '',
    page: Math.max(1, Number.parseInt(search.get('page') ?? '1', 10) || 1),
  };
}

/** A filter as the search of a URL has it, without what is as it is by itself. */
export function writeFilter(filter: RunFilter): Record<string, string> {
  const { from, to, page, ...others } = filter;
  const all = {
    ...others,
    ...(filter.time === 'custom' ? { from, to } : {}),
    page: page === 1 ? '' : String(page),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
}

const STATUS_QUERY: Readonly<Record<RunStatus, Query>> = {
  '': {},
  active: { status: 'PENDING,RUNNING' },
  failures: { has_failed_lines: true },
  failed: { status: 'FAILED' },
  succeeded: { status: 'SUCCEEDED' },
  canceled: { status: 'CANCELED' },
};

const KIND_QUERY: Readonly<Record<RunKind, Query>> = {
  '': {},
  update: { mode: 'update', dry_run: false, job_type: 'DOCUMENT_IMPORT' },
  replace: { mode: 'replace', dry_run: false },
  dry_run: { dry_run: true },
  user_list: { job_type: 'USER_SEGMENT_IMPORT' },
  revert: { job_type: 'REVERT' },
};

/** A filter as the API takes it. */
export function queryOf(filter: RunFilter, now: number): Query {
  return {
    ...STATUS_QUERY[filter.status],
    ...KIND_QUERY[filter.kind],
    ...timesOf(filter, now),
    document_import_id: filter.import || undefined,
    segment_id: filter.segment || undefined,
    user_id: filter.token || undefined,
    file_name: filter.file.trim() || undefined,
    first_result: (filter.page - 1) * RUNS_PER_PAGE,
    max_results: RUNS_PER_PAGE,
  };
}

function timesOf({ time, from, to }: RunFilter, now: number): Query {
  if (time === '') return {};
  if (time !== 'custom') return { from: now - TIMES_MS[time] };
  const [start, end] = [instantOf(from), instantOf(to)];
  // the minute that is named is meant too
  const before = end === undefined ? undefined : end + 60_000;
  return {
    from: start,
    to: before !== undefined && start !== undefined && before <= start ? start + 1 : before,
  };
}

function instantOf(local: string): number | undefined {
  const instant = new Date(local).getTime();
  return Number.isNaN(instant) || instant < 0 ? undefined : instant;
}
