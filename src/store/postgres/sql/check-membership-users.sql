-- Memberships whose user point has no identifier: nobody could find them.
select 'user point ' || m.user_point_id || ' in segment ' || m.segment_id as example
from membership m left join user_point u on u.user_point_id = m.user_point_id
where u.user_point_id is null
