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
