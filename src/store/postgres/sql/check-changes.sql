-- Memberships that are not what the last change of them says: there after it ended, or not there
-- after it put the user in. A removal of an expired row comes before the execution's own change in
-- the same step.
select 'user point ' || c.user_point_id || ' in segment ' || c.segment_id || ', last change of kind ' || c.kind as example
from (
  select distinct on (user_point_id, segment_id) user_point_id, segment_id, kind
  from membership_change
  order by user_point_id, segment_id, step desc, kind = 4
) c
left join membership m on m.user_point_id = c.user_point_id and m.segment_id = c.segment_id
where (c.kind in (1, 2)) <> (m.user_point_id is not null)
  and c.segment_id not in (select segment_id from removed_segment)
