-- Each pair of the chunk beside the membership that is there, if any. was_in: it is live by the clock of the file.
create or replace temp table chunk_effect as
select
  p.*,
  m.rowid as membership_row,
  m.rowid is not null and (m.expiration_ts is null or m.expiration_ts > $start_date) as was_in
from chunk_pair p
left join membership m
  on m.point_hi = p.point_hi and m.point_lo = p.point_lo and m.segment_id = p.segment_id
