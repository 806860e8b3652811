import type { Mapping } from '../model/mapping.ts';

/** The answers of the service, as far as the command line reads them (spec §3, §7, §8). */

export type ApiDocumentImport = {
  id: string;
  name: string;
  mime_type: string;
  priority: string;
  mapping?: Mapping;
  expect?: {
    every: string;
    by: string;
    on: string[] | null;
    time_zone: string;
    min_commands: number | null;
    max_change: number | null;
    max_failure_ratio: number | null;
  };
  expected?: {
    state: string;
    due_ts: number;
    last_due_ts: number | null;
    missed: number;
    last_execution_id: string | null;
    last_end_date: number | null;
    last_commands: number | null;
    usual_commands: number | null;
    problems: string[];
  };
};

/** What would become of the first lines of a file. */
export type ApiPreview = {
  refusal: { error_code: string; error: string } | null;
  columns: { name: string; field: string | null; reason?: string }[];
  lines: {
    line: number;
    command: ApiPreviewedCommand | null;
    error_code: string | null;
    error_message: string | null;
  }[];
  failures_by_code: Record<string, number>;
  mapping: Mapping | null;
  suggestion: { missing: { what: 'user' | 'segment' | 'expiry'; message: string }[]; notes: string[] } | null;
};

export type ApiPreviewedCommand = {
  operation: string;
  user_account_id?: string;
  email_hash?: string;
  user_agent_id?: string;
  segments: { segment_id: string; segment_technical_name: string | null; expiration_ts: number | null }[];
  data_bag: string | null;
};

export type ApiSegment = {
  id: string;
  name: string;
  technical_name: string | null;
  type: string;
  default_ttl: number | null;
  paused?: boolean;
  user_points_count: number;
  user_accounts_count: number;
  emails_count: number;
  user_agents_count: number;
};

export type ApiMembership = {
  segment_id: string;
  segment_name?: string;
  segment_technical_name?: string | null;
  creation_ts: number;
  expiration_ts: number | null;
  data_bag: string | null;
};

export type ApiHistory = {
  date: number;
  interval: 'hour' | 'day';
  time_zone: string;
  known_since: number;
  user_points_count: number;
  history: {
    from: number;
    to: number;
    user_points_count: number;
    entries: number;
    updates: number;
    exits: number;
    expirations: number;
  }[];
};

/** An execution that changed who is in a segment. */
export type ApiSegmentExecution = {
  execution_id: string | null;
  document_import_id: string | null;
  input_file_name: string | null;
  reverts_execution_id: string | null;
  reverted_by_execution_id: string | null;
  date: number;
  entries: number;
  updates: number;
  exits: number;
};

export type ApiExpirations = {
  date: number;
  user_points_count: number;
  expirations: { days: number; until: number; user_points_count: number }[];
};

export type ApiOverlaps = {
  date: number;
  segments: { segment_id: string; segment_size: number }[];
  overlaps: { segment_source_id: string; segment_intersect_with: string; overlap_number: number }[];
};

export type ApiChange = {
  segment_id: string;
  segment_name: string;
  segment_technical_name: string | null;
  change: 'ENTERED' | 'UPDATED' | 'LEFT' | 'EXPIRED';
  cause: 'COMMAND' | 'CALL' | 'REPLACE' | 'REVERT' | 'EXPIRY' | null;
  date: number;
  execution_id: string | null;
  document_import_id: string | null;
  input_file_name: string | null;
  reverts_execution_id: string | null;
  line: number | null;
};

/** Where a live membership comes from. */
export type ApiOrigin = {
  segment_id: string;
  segment_name: string;
  segment_technical_name: string | null;
  creation_ts: number;
  entered_by: ApiChange | null;
  restored_by: ApiChange | null;
  updated_by: ApiChange | null;
};

export type ApiIdentifier =
  | { type: 'USER_POINT'; user_point_id: string; creation_ts: number }
  | { type: 'USER_ACCOUNT'; user_account_id: string; compartment_id: string; creation_ts: number }
  | { type: 'USER_EMAIL'; hash: string; creation_ts: number }
  | { type: 'USER_AGENT'; vector_id: string; creation_ts: number };

/** Where the files of a document import are pulled from. */
export type ApiSource = {
  document_import_id: string;
  kind: 'LOCAL' | 'HTTPS' | 'S3' | 'SFTP';
  folder?: string;
  url?: string;
  bucket?: string;
  prefix?: string;
  host?: string;
  port?: number;
  user?: string;
  schedule: { cron?: string; time_zone?: string; interval?: number } | null;
  enabled: boolean;
  status: 'IDLE' | 'PENDING' | 'RUNNING';
  next_run_ts: number | null;
  last_run: {
    start_date: number;
    end_date: number;
    status: 'SUCCEEDED' | 'FAILED';
    error: string | null;
    files_taken: number;
    files_refused: number;
  } | null;
};

export type ApiSourceFile = {
  name: string;
  bytes: number | null;
  status: string;
  execution_id: string | null;
  reason: string | null;
  date: number;
};

export type ApiSourceTest = {
  connected: boolean;
  error: string | null;
  files: { name: string; bytes: number | null; would_be_taken: boolean; reason: string }[];
};

export type ApiErasure = {
  id: string;
  status: 'PENDING' | 'DONE';
  creation_date: number;
  end_date: number | null;
  identifiers_removed: number;
  memberships_removed: number;
  executions_left: number;
  files_rewritten: number;
  lines_removed: number;
};

/** A line that failed, as `…/executions/{id}/errors` lists it. */
export type ApiFailedLine = {
  error_line: number;
  error_code: string;
  error_message: string;
  raw: string;
};

/** What is odd about a file and fails no line; `line` null: the file as a whole. */
export type ApiWarning = { line: number | null; code: string; message: string; field: string | null };

/** A name that lines give and that no segment has. */
export type ApiUnknownSegment = {
  name: string;
  kind: 'TECHNICAL_NAME' | 'ID';
  lines: number;
  first_line: number;
  did_you_mean: string | null;
  segment_id: string | null;
};

/** What an execution did; which members there are depends on its status and kind. */
export type ApiResult = {
  input_file_uri?: string;
  input_file_name?: string;
  error_file_uri?: string | null;
  total_success?: number;
  total_failure?: number;
  failures_by_code?: Record<string, number>;
  error_lines_omitted?: number;
  warnings?: Record<string, number>;
  memberships_created?: number;
  memberships_updated?: number;
  memberships_deleted?: number;
  unchanged?: number;
  superseded?: number;
  user_points_created?: number;
  memberships_left?: number;
  memberships_kept?: number;
  not_applied?: number;
  segments?: ApiSegmentEffect[];
  segments_created?: { segment_id: string | null; technical_name: string }[];
};

export type ApiSegmentEffect = {
  /** null: of a segment that would be made, which has a `technical_name` in its place. */
  segment_id: string | null;
  technical_name?: string;
  size_before: number;
  size_after: number;
  /** Of a replacement. */
  members_leaving?: number;
};

export type ApiExecution = {
  id: string;
  status: 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELED';
  creation_date: number;
  start_date: number | null;
  duration: number | null;
  num_tasks: number | null;
  completed_tasks: number | null;
  erroneous_tasks: number | null;
  result: ApiResult | null;
  error: { message: string } | null;
  parameters: { document_import_id?: number; segment_id?: string; mode?: 'replace' };
  dry_run?: boolean;
  reverts_execution_id?: string;
  reverted_by_execution_id?: string;
  corrects_execution_id?: string;
  repaired?: number | null;
  corrected_by?: { id: string; status: string; repaired: number | null }[];
  progress?: {
    phase?: 'CHECKING' | 'APPLYING';
    /** What is done of it now; null or absent where that is not known. */
    step?: 'READING' | 'MERGING' | 'WAITING' | null;
    /** Why it waits; absent of a service that does not tell. */
    waiting?: { reason: string; since: number } | null;
    bytes_read: number;
    bytes_total: number;
    commands_read?: number;
    commands_per_second: number | null;
    eta_ms: number | null;
  } | null;
};

export function hasEnded(execution: ApiExecution): boolean {
  return execution.status !== 'PENDING' && execution.status !== 'RUNNING';
}
