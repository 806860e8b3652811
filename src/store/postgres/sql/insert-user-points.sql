-- Users who are put in and are not known. One who is in several segments has several pairs, of which one has the identifier.
insert into user_point (user_point_id, datamart_id, creation_ts, compartment_id, kind, value)
select r.user_point_id, $datamart_id, $start_date, r.compartment_id, r.kind, r.value
from resolved_pair_$slot r
where r.value is not null
  and not exists (select 1 from user_point u where u.user_point_id = r.user_point_id)
