-- From when the change log is whole: each change of a membership at this instant or later is in it,
-- those before are not or not all. One row. Changes are noted since version 3, and removed from the
-- oldest on, so that none after the first that is there is missing; of an empty log it is the
-- instant of this migration.
create table change_log (known_since bigint not null);
insert into change_log
select coalesce((select min(date) from membership_change), (select max(applied_ts) from schema_version));

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
  result text
);

-- Merges write into small tables, which are emptied into the large ones a few runs at a time: a
-- table that is dropped is gone at once, while rows that are deleted lie in it until a checkpoint.
-- Whoever reads, reads both; whoever deletes knows a row by row_id, which is below zero for a
-- recent one. table_name in table_order is the name of the view.

alter table user_identifier rename to user_identifier_ordered;
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

alter table membership rename to membership_ordered;
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

-- How much of a document has been checked about which something is decided before any of it is
-- applied.
alter table execution add column checked_bytes bigint default 0;
alter table execution add column checked_commands bigint default 0;

-- How many runs of rows lie behind those in order.
alter table table_order add column appended_runs bigint default 0;

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
