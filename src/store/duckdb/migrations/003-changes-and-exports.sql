-- What happened to memberships: a row for each one that an execution created, changed or ended, and
-- for each that expired. Rows are added by the transaction that changes the memberships, and
-- removed when their time has passed (historyDays), with their segment, or with their user when he
-- is erased; they are never changed.
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

-- What a sender asked for beside his file, as JSON; null: nothing.
alter table execution add column options text;
-- Sizes of segments before and after, as JSON; of executions that are decided upon as a whole.
alter table execution_checkpoint add column segments text;
-- Memberships that ended since the segment was replaced and no command put the user in.
alter table execution_checkpoint add column memberships_left bigint default 0;
-- Memberships that a revert left alone.
alter table execution_checkpoint add column memberships_kept bigint default 0;
-- The execution that this one reverts, and the last one that reverts it.
alter table execution add column reverts_execution_id bigint;
alter table execution add column reverted_by_execution_id bigint;

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
