-- The effects of a chunk as if the chunks before it had been applied: a pair that one of them
-- touched is in or out as the last of them left it.
create or replace temp table chunk_effect as
with touched as (
  select point_hi, point_lo, segment_id, arg_max(puts_in, chunk) as puts_in
  from $rehearsed
  semi join chunk_effect using (point_hi, point_lo, segment_id)
  group by point_hi, point_lo, segment_id
)
select e.* replace (coalesce(t.puts_in, e.was_in) as was_in)
from chunk_effect e
left join touched t
  on t.point_hi = e.point_hi and t.point_lo = e.point_lo and t.segment_id = e.segment_id
