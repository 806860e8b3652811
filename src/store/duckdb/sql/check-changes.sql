-- Memberships that are not what the last change of them says: there after it ended, or not there
-- after it put the user in. A removal of an expired row comes before the execution's own change in
-- the same step.
select
  'user point ' || format('{:016x}{:016x}', point_hi, point_lo)::uuid || ' in segment ' || segment_id || ', last change of kind ' || kind as example
from (
  select point_hi, point_lo, segment_id, arg_max(kind, step * 2 + (kind <> 4)::bigint) as kind
  from membership_change
  where point_hi between $first and $last
  group by point_hi, point_lo, segment_id
)
left join (
  select point_hi, point_lo, segment_id, true as is_there from membership where point_hi between $first and $last
) using (point_hi, point_lo, segment_id)
where (kind in (1, 2)) <> coalesce(is_there, false)
