-- Users who are in a segment of another datamart than they are known to.
select 'user point ' || m.user_point_id || ' of datamart ' || u.datamart_id || ' in segment ' || m.segment_id as example
from membership m
join segment s on s.id = m.segment_id
join user_point u on u.user_point_id = m.user_point_id
where u.datamart_id <> s.datamart_id
