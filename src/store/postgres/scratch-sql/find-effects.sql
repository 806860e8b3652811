-- What the pairs come to, beside the membership that is there, if any; in their order, in which
-- PostgreSQL gives these as well.
--
-- membership_row: null where there is none.
-- was_in: the membership is live by the clock of the file.
create or replace temp table chunk_effect as
select
  p.point_hi,
  p.point_lo,
  p.segment_id,
  p.point_kinds,
  p.commands,
  p.line,
  p.puts_in,
  p.was_taken_out,
  p.expires_at,
  p.data_bag,
  case when x.creation_ts is not null then x.pair end as membership_row,
  x.creation_ts as old_creation_ts,
  x.last_modified_ts as old_last_modified_ts,
  x.expiration_ts as old_expiration_ts,
  x.data_bag as old_data_bag,
  x.creation_ts is not null and (x.expiration_ts is null or x.expiration_ts > $start_date) as was_in
from chunk_pair p
left join chunk_existing x on x.pair = p.rowid
