-- From when the change log is whole: each change of a membership at this instant or later is in it, those before are not or
-- not all. One row. Changes are noted since version 3, and removed from the oldest on, so that none after the first that is
-- there is missing; of an empty log it is the instant of this migration.
create table change_log (known_since bigint not null);
insert into change_log
select coalesce((select min(date) from membership_change), (select max(applied_ts) from schema_version));

-- Analyses of the overlaps of a segment with all others of its datamart. The result is the text of the file that is downloaded:
-- it has numbers of segments, and nothing of users.
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
