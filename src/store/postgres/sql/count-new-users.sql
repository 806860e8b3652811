-- Users who are put in and are not known, by the execution that puts them in.
select r.execution_id, count(*) as user_points_created
from resolved_pair_$slot r
where r.value is not null
  and not exists (select 1 from user_point u where u.user_point_id = r.user_point_id)
group by r.execution_id
