-- By how many the tally of the segments changes: see segment-tally.ts. Rows of memberships whose
-- time had passed are in it too.
select segment_id, point_kinds, expiry_quarter, sum(members) as members
from (
  select segment_id, point_kinds, coalesce(old_expiration_ts // $quarter_ms, -1) as expiry_quarter, -1 as members
  from chunk_after
  where membership_row is not null
  union all
  select segment_id, point_kinds, coalesce(new_expiration_ts // $quarter_ms, -1), 1
  from chunk_after
  where puts_in
)
group by segment_id, point_kinds, expiry_quarter
having sum(members) <> 0
