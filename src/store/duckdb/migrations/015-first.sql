-- The schema of the first release.

create sequence organisation_id start 2;
create sequence datamart_id start 2;
create sequence compartment_id start 2;
create sequence compartment_selection_id start 2;
create sequence segment_id;
create sequence document_import_id;
create sequence execution_id;
create sequence api_token_id;

-- No primary keys and no indexes on any of these: DuckDB turns an update of an indexed table into
-- delete and insert, and a scan of a small table costs less than its index. Uniqueness is checked
-- in the transactions that write.

create table organisation (id bigint not null, name text not null);

create table datamart (
  id bigint not null,
  organisation_id bigint not null,
  name text not null,
  token text not null,
  time_zone text not null,
  archived boolean not null,
  creation_date bigint not null,
  catalogue_version bigint not null
);

create table compartment (
  id bigint not null,
  organisation_id bigint not null,
  name text not null,
  token text not null,
  archived boolean not null
);

create table compartment_selection (
  id bigint not null,
  datamart_id bigint not null,
  compartment_id bigint not null,
  is_default boolean not null
);

create table segment (
  id bigint not null,
  organisation_id bigint not null,
  datamart_id bigint not null,
  type text not null,
  feed_type text,
  subtype text not null,
  name text not null,
  short_description text,
  technical_name text,
  default_ttl_ms bigint,
  persisted boolean not null,
  paused boolean not null,
  creation_ts bigint not null,
  last_modified_ts bigint not null
);

create table document_import (
  id bigint not null,
  datamart_id bigint not null,
  document_type text not null,
  mime_type text not null,
  encoding text not null,
  name text not null,
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

create table execution (
  id bigint not null,
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
  -- What a sender asked for beside the file, as JSON; null: nothing.
  options text,
  -- The execution that this one reverts, and the last one that reverts it.
  reverts_execution_id bigint,
  reverted_by_execution_id bigint,
  -- How much of a document has been checked about which something is decided before any of it is
  -- applied.
  checked_bytes bigint default 0,
  checked_commands bigint default 0,
  -- Segments that the file of an execution made, or would make in a dry run: JSON of a list. Null:
  -- none.
  segments_created varchar,
  -- The mapping of the import as it was when the file came.
  mapping text,
  -- The execution that this one corrects, and how many of its failed lines it repaired; null: none,
  -- and not known.
  corrects_execution_id bigint,
  repaired_lines bigint
);

create table execution_checkpoint (
  execution_id bigint not null,
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
  -- Sizes of segments before and after, as JSON; of executions that are decided upon as a whole.
  segments text,
  -- Memberships that ended since the segment was replaced and no command put the user in.
  memberships_left bigint default 0,
  -- Memberships that a revert left alone.
  memberships_kept bigint default 0,
  -- The parts that make up the error file of a checkpoint, in order, as JSON:
  -- [{"name":"errors-…","bytes":123}, …]. Null: there are none.
  error_parts text,
  -- What is odd about a file and fails no line, as JSON: how often, and the first lines of each
  -- kind. Null: nothing.
  warnings text,
  -- Valid commands of a checkpoint that a guard kept from being applied.
  not_applied bigint default 0,
  -- Failed lines that are not in the error file, since it was full.
  error_lines_omitted bigint default 0
);

create table api_token (
  id bigint not null,
  name text not null,
  role text not null,
  datamart_ids text,
  creation_date bigint not null,
  expiration_date bigint,
  last_used_date bigint,
  value_hash text not null
);

-- The two tables that grow. Merges write into small tables, which are emptied into the large ones
-- a few runs at a time: a table that is dropped is gone at once, while rows that are deleted lie in
-- it until a checkpoint. Whoever reads, reads both; whoever deletes knows a row by row_id, which is
-- below zero for a recent one.
--
-- Keys are two unsigned halves of 64 bits: DuckDB unpacks 128-bit integers several times slower
-- (docs/internals/embedded-store.md). They are random, so that looking for a compression of them
-- costs a tenth of a merge and saves nothing. point_kinds is the set of kinds (KIND_BIT) of all
-- identifiers of the user point.
create table user_identifier_ordered (
  key_hi ubigint not null using compression uncompressed,
  key_lo ubigint not null using compression uncompressed,
  point_hi ubigint not null using compression uncompressed,
  point_lo ubigint not null using compression uncompressed,
  point_kinds utinyint not null,
  datamart_id bigint not null,
  kind utinyint not null,
  compartment_id bigint not null,
  value varchar not null,
  creation_ts bigint not null
);
create table user_identifier_recent (
  key_hi ubigint not null using compression uncompressed,
  key_lo ubigint not null using compression uncompressed,
  point_hi ubigint not null using compression uncompressed,
  point_lo ubigint not null using compression uncompressed,
  point_kinds utinyint not null,
  datamart_id bigint not null,
  kind utinyint not null,
  compartment_id bigint not null,
  value varchar not null,
  creation_ts bigint not null
);
create view user_identifier as
select * from user_identifier_ordered
union all
select * from user_identifier_recent;

-- point_kinds as above, kept here too so that the sizes of segments need no join.
create table membership_ordered (
  point_hi ubigint not null using compression uncompressed,
  point_lo ubigint not null using compression uncompressed,
  segment_id bigint not null,
  point_kinds utinyint not null,
  creation_ts bigint not null,
  last_modified_ts bigint not null,
  expiration_ts bigint,
  data_bag varchar
);
create table membership_recent (
  point_hi ubigint not null using compression uncompressed,
  point_lo ubigint not null using compression uncompressed,
  segment_id bigint not null,
  point_kinds utinyint not null,
  creation_ts bigint not null,
  last_modified_ts bigint not null,
  expiration_ts bigint,
  data_bag varchar
);
create view membership as
select * from membership_ordered
union all
select * from membership_recent;
create view membership_row as
select *, rowid as row_id from membership_ordered
union all
select *, -1 - rowid from membership_recent;

-- How many rows of a big table are in order, from its first row on, and how many runs of rows lie
-- behind them. table_name is the name of the view.
create table table_order (
  table_name text not null,
  ordered_rows bigint not null,
  appended_runs bigint default 0
);

-- Who did what. Rows are added and, when their time of retention has passed, removed; never
-- changed.
create sequence audit_log_id;
create table audit_log (
  id bigint not null,
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

-- Keys that senders gave to uploads, so that sending one again gives its execution again. What was
-- sent is in the execution, by its SHA-256. A store that several processes write to needs a unique
-- index on the first three.
create table idempotency_key (
  job_type text not null,
  owner_id bigint not null,
  key_value text not null,
  parameters text not null,
  execution_id bigint not null,
  creation_date bigint not null
);

-- Erasures of users: what is left when they are done says when and how much, and nothing of whom.
create sequence erasure_id;
create table erasure (
  id bigint not null,
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
-- Whom a pending erasure looks for in files and keeps executions from bringing back. Removed when
-- it is done.
create table erasure_identifier (
  erasure_id bigint not null,
  kind smallint not null,
  compartment_id bigint not null,
  value text not null
);
-- Executions whose files were there when the user was erased and have not been looked through
-- since.
create table erasure_execution (erasure_id bigint not null, execution_id bigint not null);

-- What happened to memberships: a row for each one that an execution created, changed or ended, and
-- for each that expired. Rows are added by the transaction that changes the memberships, and
-- removed when their time has passed (historyDays), with their segment, or with their user when
-- they are erased; they are never changed.
--
-- step          one number for all rows of one transaction or of one part of it, ascending as the
--               changes were made: of two rows of one membership the one with the higher step is
--               the later. No membership has two rows of one execution in one step.
-- date          when: the start_date of the execution, which is the creation_ts or last_modified_ts
--               it wrote, but for a revert, which writes those that were before; of an expiry, when
--               the row was removed (the membership itself ended at its expiration_ts).
-- execution_id  who: null for an expiry. Executions are removed with their import and their rows
--               here stay.
-- line          the line of the file that decided, the last one of the membership in its step; null
--               where no line did.
-- kind          1 created: the user was not in the segment and is. 2 changed: was in and stays,
--               with another expiry, data bag or last_modified_ts. 3 ended by a command. 4 expired:
--               the row of a membership whose time had passed was removed, by the sweep or by an
--               execution that met it (then before that one's own row, in the same step).
-- the last four the membership as it was before; null of kind 1.
--
-- No index, and in no order but that of the steps: rows of an execution are neighbours, so zone
-- maps find them by execution_id, step or date; the rows of a user or a segment are found by a scan
-- of one column. Columns that are the same for a whole merge take no room. The keys are random, as
-- in membership.
create table membership_change (
  step bigint not null,
  date bigint not null,
  execution_id bigint,
  line bigint,
  kind utinyint not null,
  point_hi ubigint not null using compression uncompressed,
  point_lo ubigint not null using compression uncompressed,
  segment_id bigint not null,
  creation_ts bigint,
  last_modified_ts bigint,
  expiration_ts bigint,
  data_bag varchar
);

-- Exports of the members of segments, each with the file it made.
create sequence segment_export_id;
create table segment_export (
  id bigint not null,
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

-- From when the change log is whole: each change of a membership at this instant or later is in it,
-- those before are not or not all. One row: of a fresh store the instant at which it was made.
create table change_log (known_since bigint not null);
insert into change_log select max(applied_ts) from schema_version;

-- Analyses of the overlaps of a segment with all others of its datamart. The result is the text of
-- the file that is downloaded: it has numbers of segments, and nothing of users.
create sequence overlap_analysis_id;
create table overlap_analysis (
  id bigint not null,
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

-- Who is told of the ends of executions, and how. `document_import_id` null: of all executions of
-- the datamart. `events`: JSON list of names. The secrets are what deliveries are signed with: they
-- must be had in clear, and are as good as the data folder is kept. `failing_since`: the first
-- attempt that failed since one succeeded.
create sequence webhook_id;
create table webhook (
  id bigint not null,
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

-- What is sent: a row is added by the transaction that ends the execution, so that there is none
-- without the end and no end without it. `message_id` is the header webhook-id of every attempt.
-- PENDING rows have a `next_attempt_ts`, the others none.
create sequence webhook_delivery_id;
create table webhook_delivery (
  id bigint not null,
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

-- The runs that answer look-ups (docs/internals/serving-runs.md): which there are, and what changes
-- they have. A transaction that changes memberships adds its own. first_step 0: the base, from
-- which on the others count. `content`: all of a small one; the others are files. They say nothing
-- that the tables do not, and are made of them when there is none.
create table serving_run (
  id varchar not null,
  first_step bigint not null,
  last_step bigint not null,
  bytes bigint not null,
  records bigint not null,
  creation_ts bigint not null,
  content blob
);

-- What calls of commands with an Idempotency-Key were answered, for a day; the key by its hash.
-- `messages` says what was wrong with the commands that failed, as JSON, and goes when a user of
-- the datamart is erased. Without an index: rows come with merges and go with sweeps, and those
-- that the two touch must not meet.
create table command_answer (
  datamart_id bigint not null,
  key_value varchar not null,
  fingerprint varchar not null,
  answer varchar not null,
  messages varchar,
  creation_date bigint not null
);

-- Commands at once by the hour of UTC in which they were applied. A row for each hour with any:
-- that many are never removed.
create table command_hour (
  datamart_id bigint not null,
  hour_start bigint not null,
  applied bigint not null,
  failed bigint not null
);

-- Where files of an import are pulled from: one source or none. `settings`: JSON. `credentials`:
-- encrypted under a key that is not here. A run is due at `requested_ts` or `next_run_ts`; who runs
-- it has it until `lease_until`. `last_run`: JSON.
create table source (
  document_import_id bigint not null,
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
create sequence source_file_id;
create table source_file (
  id bigint not null,
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
