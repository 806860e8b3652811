-- The first schema. Small records first; the two tables that grow last.

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
  creation_ts bigint not null
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
  lease_until bigint not null
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
  error_file_bytes bigint not null
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

-- Keys are two unsigned halves of 64 bits: DuckDB unpacks 128-bit integers several times slower
-- (docs/internals/embedded-store.md). They are random, so that looking for a compression of them
-- costs a tenth of a merge and saves nothing. point_kinds is the set of kinds (KIND_BIT) of all
-- identifiers of the user point.
create table user_identifier (
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

-- point_kinds as above, kept here too so that the sizes of segments need no join.
create table membership (
  point_hi ubigint not null using compression uncompressed,
  point_lo ubigint not null using compression uncompressed,
  segment_id bigint not null,
  point_kinds utinyint not null,
  creation_ts bigint not null,
  last_modified_ts bigint not null,
  expiration_ts bigint,
  data_bag varchar
);

-- How many rows of a big table are in order, from its first row on; what was inserted since lies
-- behind them.
create table table_order (table_name text not null, ordered_rows bigint not null);
