-- Who did what. Rows are added and, when their time of retention has passed, removed; never changed.
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
