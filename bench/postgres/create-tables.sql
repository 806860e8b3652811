-- What the service keeps, as compact as PostgreSQL can: users by number, one row for each
-- membership.
create table segment (segment_id integer primary key);
create table user_account (
  user_account_id text collate "C" not null,
  compartment_id integer not null default 1,
  user_point_id bigint generated always as identity,
  primary key (user_account_id, compartment_id)
);
create table membership (
  user_point_id bigint not null,
  segment_id integer not null,
  creation_ts timestamptz not null,
  last_modified_ts timestamptz not null,
  expiration_ts timestamptz,
  data_bag jsonb,
  primary key (user_point_id, segment_id)
) with (fillfactor = 90);
create unlogged table line (number bigint generated always as identity, command jsonb not null);
create unlogged table command (
  user_account_id text collate "C" not null,
  segment_id integer not null,
  operation text not null,
  expiration_ts timestamptz,
  data_bag jsonb
);
