-- Users who are put in and are not known, by the execution that puts them in.
select s.execution_id, count(*) as user_points_created
from staged_pair_$slot s
where s.value is not null
  and not exists (select 1 from user_point u where u.user_point_id = s.user_point_id)
group by s.execution_id
