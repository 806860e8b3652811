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
  counts text
);
