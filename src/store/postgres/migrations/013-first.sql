-- The schema of the first release on PostgreSQL. Small records first, as in the embedded store;
-- then the tables that grow, which Citus distributes by user_point_id (distribute.sql). Texts
-- compare byte for byte, whatever the locale of the database; those with U+0000, which PostgreSQL
-- does not take, are written as texts.ts says.

create sequence organisation_id start 2;
create sequence datamart_id start 2;
create sequence compartment_id start 2;
create sequence compartment_selection_id start 2;
create sequence segment_id;
create sequence document_import_id;
create sequence execution_id;
create sequence api_token_id;
create sequence audit_log_id;
create sequence erasure_id;
create sequence segment_export_id;
create sequence overlap_analysis_id;
create sequence webhook_id;
create sequence webhook_delivery_id;
create sequence change_step;
create sequence source_file_id;

create table organisation (id bigint primary key, name text not null);

create table datamart (
  id bigint primary key,
  organisation_id bigint not null,
  name text collate "C" not null,
  token text collate "C" not null,
  time_zone text not null,
  archived boolean not null,
  creation_date bigint not null,
  catalogue_version bigint not null
);

create table compartment (
  id bigint primary key,
  organisation_id bigint not null,
  name text collate "C" not null,
  token text collate "C" not null,
  archived boolean not null
);

create table compartment_selection (
  id bigint primary key,
  datamart_id bigint not null,
  compartment_id bigint not null,
  is_default boolean not null
);

create table segment (
  id bigint primary key,
  organisation_id bigint not null,
  datamart_id bigint not null,
  type text not null,
  feed_type text,
  subtype text not null,
  name text collate "C" not null,
  short_description text,
  technical_name text collate "C",
  default_ttl_ms bigint,
  persisted boolean not null,
  paused boolean not null,
  creation_ts bigint not null,
  last_modified_ts bigint not null
);
create index segment_datamart on segment (datamart_id, technical_name);
-- Segments that are gone, and whose memberships and changes are to be removed.
create table removed_segment (segment_id bigint primary key);

create table document_import (
  id bigint primary key,
  datamart_id bigint not null,
  document_type text not null,
  mime_type text not null,
  encoding text not null,
  name text collate "C" not null,
  priority text not null,
  creation_ts bigint not null,
  -- How the own names and words of files become commands, as JSON.
  mapping text,
  -- What an import says of its files, as JSON; the last due time that has passed, whether it passed
  -- without its file, and how many in a row before it had none.
  expect text,
  expect_due_ts bigint,
  expect_late boolean,
  expect_missed integer
);
create index document_import_datamart on document_import (datamart_id, id);

create table execution (
  id bigint primary key,
  job_type text not null,
  document_import_id bigint,
  segment_id bigint,
  organisation_id bigint not null,
  datamart_id bigint not null,
  mime_type text not null,
  priority text not null,
  user_id text,
  status text not null,
  creation_date bigint not null,
  start_date bigint,
  end_date bigint,
  cancel_requested boolean not null,
  failure text,
  document_folder text not null,
  document_name text not null,
  document_bytes bigint not null,
  document_sha256 text not null,
  files_removed_date bigint,
  worker text,
  lease_until bigint not null,
  options text,
  reverts_execution_id bigint,
  reverted_by_execution_id bigint,
  checked_bytes bigint default 0,
  checked_commands bigint default 0,
  -- Segments that the file of an execution made, or would make in a dry run: JSON of a list. Null:
  -- none.
  segments_created text,
  -- The mapping of the import as it was when the file came.
  mapping text,
  -- The execution that this one corrects, and how many of its failed lines it repaired; null: none,
  -- and not known.
  corrects_execution_id bigint,
  repaired_lines bigint
);
create index execution_unended on execution (status, datamart_id, id) where status in ('PENDING', 'RUNNING');
create index execution_datamart on execution (datamart_id, id);
create index execution_document_import on execution (document_import_id, id) where document_import_id is not null;
create index execution_segment on execution (segment_id, id) where segment_id is not null;
create index execution_folder on execution (document_folder);
create index execution_kept_files on execution (end_date) where files_removed_date is null;
-- Finds the executions that had the same file.
create index execution_document on execution (document_sha256, id);
create index execution_corrects on execution (corrects_execution_id, id) where corrects_execution_id is not null;

create table execution_checkpoint (
  execution_id bigint primary key,
  next_offset bigint not null,
  line bigint not null,
  successes bigint not null,
  failures bigint not null,
  failures_by_code text not null,
  pairs bigint not null,
  memberships_created bigint not null,
  memberships_updated bigint not null,
  memberships_deleted bigint not null,
  unchanged bigint not null,
  superseded bigint not null,
  user_points_created bigint not null,
  error_file_bytes bigint not null,
  error_parts text,
  segments text,
  memberships_left bigint default 0,
  memberships_kept bigint default 0,
  -- What is odd about a file and fails no line, as JSON: how often, and the first lines of each
  -- kind. Null: nothing.
  warnings text,
  -- Valid commands of a checkpoint that a guard kept from being applied.
  not_applied bigint default 0,
  -- Failed lines that are not in the error file, since it was full.
  error_lines_omitted bigint not null default 0
);

create table api_token (
  id bigint primary key,
  name text not null,
  role text not null,
  datamart_ids text,
  creation_date bigint not null,
  expiration_date bigint,
  last_used_date bigint,
  value_hash text not null
);

create table audit_log (
  id bigint primary key,
  date bigint not null,
  token_id bigint,
  token_name text not null,
  request_id text,
  action text not null,
  resource_type text not null,
  resource_id text not null,
  datamart_id bigint,
  details text
);
create index audit_log_date on audit_log (date);

create table idempotency_key (
  job_type text not null,
  owner_id bigint not null,
  key_value text collate "C" not null,
  parameters text not null,
  execution_id bigint not null,
  creation_date bigint not null,
  primary key (key_value, owner_id, job_type)
);

create table erasure (
  id bigint primary key,
  datamart_id bigint not null,
  status text not null,
  creation_date bigint not null,
  end_date bigint,
  user_id text,
  identifiers bigint not null,
  memberships bigint not null,
  files_rewritten bigint not null,
  lines_removed bigint not null
);
create table erasure_identifier (
  erasure_id bigint not null,
  kind smallint not null,
  compartment_id bigint not null,
  value text collate "C" not null
);
create index erasure_identifier_erasure on erasure_identifier (erasure_id);
create table erasure_execution (erasure_id bigint not null, execution_id bigint not null);
create index erasure_execution_execution on erasure_execution (execution_id);
create index erasure_execution_erasure on erasure_execution (erasure_id);

create table segment_export (
  id bigint primary key,
  organisation_id bigint not null,
  datamart_id bigint not null,
  segment_id bigint not null,
  mime_type text not null,
  kinds text not null,
  user_id text,
  status text not null,
  creation_date bigint not null,
  start_date bigint,
  end_date bigint,
  failure text,
  folder text,
  counts text,
  -- Length of the file: what a datamart keeps is bounded. Null: there is none.
  bytes bigint
);

create table overlap_analysis (
  id bigint primary key,
  organisation_id bigint not null,
  datamart_id bigint not null,
  segment_id bigint not null,
  user_id text,
  status text not null,
  creation_date bigint not null,
  start_date bigint,
  end_date bigint,
  failure text,
  result text,
  -- Length of the result. Null: there is none.
  bytes bigint
);

create table webhook (
  id bigint primary key,
  datamart_id bigint not null,
  document_import_id bigint,
  name text,
  url text not null,
  events text not null,
  enabled boolean not null,
  disabled_reason text,
  secret text not null,
  previous_secret text,
  previous_secret_until bigint,
  failing_since bigint,
  creation_ts bigint not null
);

create table webhook_delivery (
  id bigint primary key,
  webhook_id bigint not null,
  message_id text not null,
  event text not null,
  execution_id bigint,
  body text not null,
  status text not null,
  attempts integer not null,
  creation_ts bigint not null,
  next_attempt_ts bigint,
  last_attempt_ts bigint,
  duration_ms bigint,
  response_status integer,
  response_body text,
  error text
);
create index webhook_delivery_webhook on webhook_delivery (webhook_id, id);
create index webhook_delivery_due on webhook_delivery (next_attempt_ts) where status = 'PENDING';

-- What calls of commands with an Idempotency-Key were answered, for a day; the key by its hash.
-- `messages` says what was wrong with the commands that failed, as JSON, and goes when a user of
-- the datamart is erased. The lock of the datamart sees to it that a key is there once.
create table command_answer (
  datamart_id bigint not null,
  key_value text not null,
  fingerprint text not null,
  answer text not null,
  messages text,
  creation_date bigint not null
);
create index command_answer_key on command_answer (datamart_id, key_value);
create index command_answer_date on command_answer (creation_date);

-- Commands at once by the hour of UTC in which they were applied. A row for each hour with any:
-- that many are never removed.
create table command_hour (
  datamart_id bigint not null,
  hour_start bigint not null,
  applied bigint not null,
  failed bigint not null
);
create index command_hour_datamart on command_hour (datamart_id, hour_start);

-- Where files of an import are pulled from: one source or none. `settings`: JSON. `credentials`:
-- encrypted under a key that is not here. A run is due at `requested_ts` or `next_run_ts`; who runs
-- it has it until `lease_until`. `last_run`: JSON.
create table source (
  document_import_id bigint primary key,
  datamart_id bigint not null,
  settings text not null,
  credentials text,
  known_host_key text,
  enabled boolean not null,
  creation_ts bigint not null,
  last_modified_ts bigint not null,
  next_run_ts bigint,
  requested_ts bigint,
  requested_dry_run boolean not null,
  failures integer not null,
  last_run text,
  run_start_ts bigint,
  worker text,
  lease_until bigint not null
);

-- What became of each version of a file that a source showed. A row that is TAKEN is added by the
-- transaction of its execution. Files are found by `name_sha256`: an erasure may take an identifier
-- out of `name`.
create table source_file (
  id bigint primary key,
  document_import_id bigint not null,
  name text not null,
  name_sha256 text not null,
  bytes bigint,
  etag text,
  modified_ts bigint,
  status text not null,
  sha256 text,
  execution_id bigint,
  reason text,
  date bigint not null,
  to_put_away boolean not null
);
create index source_file_name on source_file (document_import_id, name_sha256, id);

-- One row each: what nodes ask for to know whether what they keep in memory is still so; up to when
-- expired memberships were removed; from when on the change log is whole.
create table record_version (version bigint not null);
insert into record_version values (0);
create table expiry_sweep (removed_up_to bigint not null);
insert into expiry_sweep values (0);
create table change_log (known_since bigint not null);

-- Which node does what only one of them does at a time.
create table node_lease (name text primary key, worker text not null, lease_until bigint not null);

-- A user point is made by its first identifier, and its id is that one's key (userKey of
-- model/identifier.ts), so that it needs no other.
create table user_point (
  user_point_id uuid primary key,
  datamart_id bigint not null,
  creation_ts bigint not null,
  compartment_id bigint not null,
  kind smallint not null,
  value text collate "C" not null
);

-- Further identifiers of user points. point_kinds: the set of kinds (KIND_BIT) of all identifiers
-- of the user point, the first one's too.
create table attached_identifier (
  identifier_key uuid primary key,
  user_point_id uuid not null,
  datamart_id bigint not null,
  creation_ts bigint not null,
  compartment_id bigint not null,
  kind smallint not null,
  point_kinds smallint not null,
  value text collate "C" not null
);
create index attached_identifier_point on attached_identifier (user_point_id);
create index attached_identifier_datamart on attached_identifier (datamart_id);

-- Pages are filled by half: a member who stays in is written anew beside the old row, and no index
-- is touched. Full ones would grow to the same size when all members are written anew, and cost
-- twice as much to do so (docs/internals/postgresql.md).
create table membership (
  user_point_id uuid not null,
  segment_id bigint not null,
  creation_ts bigint not null,
  last_modified_ts bigint not null,
  expiration_ts bigint,
  point_kinds smallint not null,
  data_bag text,
  primary key (user_point_id, segment_id)
) with (fillfactor = 50);
create index membership_segment on membership (segment_id, user_point_id);
create index membership_expiry on membership using brin (expiration_ts) with (pages_per_range = 32);

-- The change log, as in the embedded store (its schema explains it), with two columns more: the
-- kinds of the user point, and the expiry that the membership has from then on; null of kinds 3 and
-- 4.
create table membership_change (
  step bigint not null,
  date bigint not null,
  execution_id bigint,
  line bigint,
  segment_id bigint not null,
  user_point_id uuid not null,
  creation_ts bigint,
  last_modified_ts bigint,
  expiration_ts bigint,
  new_expiration_ts bigint,
  kind smallint not null,
  point_kinds smallint not null,
  data_bag text
);
-- The rows of a step are neighbours, in the order of their user points: ranges of pages tell
-- enough, and cost a fifth of an index of rows.
create index membership_change_range on membership_change
  using brin (step, execution_id, date, segment_id, user_point_id) with (pages_per_range = 16, autosummarize = on);

-- How many memberships there are, live or not, by segment, by the kinds of identifiers of their
-- user points, and by the quarter of an hour in which they expire (-1: never): sizes of segments
-- without a look at the memberships.
create table segment_tally (
  segment_id bigint not null,
  point_kinds smallint not null,
  expiry_quarter bigint not null,
  members bigint not null,
  primary key (segment_id, expiry_quarter, point_kinds)
);

-- Where the keys of a merge's pairs lie, and the memberships that are written anew or end. A merge
-- takes one of these slots for its transaction and empties it first; a table made for each would
-- have to be distributed each time. Nothing in them outlives a crash, nor needs to.
do $$
begin
  for slot in 0..15 loop
    execute format('create unlogged table staged_key_%s (
      user_point_id uuid not null,
      segment_id bigint not null,
      pair integer not null,
      names_user boolean not null
    ) with (autovacuum_enabled = false)', slot);
    execute format('create unlogged table staged_membership_%s (
      user_point_id uuid not null,
      segment_id bigint not null,
      creation_ts bigint,
      last_modified_ts bigint,
      expiration_ts bigint,
      point_kinds smallint not null,
      puts_in boolean not null,
      data_bag text
    ) with (autovacuum_enabled = false)', slot);
  end loop;
end
$$;
