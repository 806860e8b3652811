-- Users who were not in. In key order, so that the zone maps of each run prune look-ups.
insert into membership
select
  point_hi, point_lo, segment_id, point_kinds, $start_date, $start_date, nullif(expires_at, 0), nullif(data_bag, '{}')
from chunk_effect
where puts_in and membership_row is null
order by point_hi
