-- Merges write into small tables, which are emptied into the large ones a few runs at a time: a table that is dropped is gone
-- at once, while rows that are deleted lie in it until a checkpoint. Whoever reads, reads both; whoever deletes knows a row
-- by row_id, which is below zero for a recent one. table_name in table_order is the name of the view.

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

-- How much of a document has been checked about which something is decided before any of it is applied.
alter table execution add column checked_bytes bigint default 0;
alter table execution add column checked_commands bigint default 0;

-- How many runs of rows lie behind those in order.
alter table table_order add column appended_runs bigint default 0;
