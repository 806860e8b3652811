-- Users who are put in and are not known. One who is in several segments has several pairs, of which one has the identifier.
insert into user_point (user_point_id, datamart_id, creation_ts, compartment_id, kind, value)
select s.user_point_id, $datamart_id, $start_date, s.compartment_id, s.kind, s.value
from staged_pair_$slot s
where s.value is not null
  and not exists (select 1 from user_point u where u.user_point_id = s.user_point_id)
