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
