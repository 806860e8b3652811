-- Memberships whose time had passed before the file came, and whose rows the pairs are about to remove: nobody else notes their end.
insert into membership_change (
  step, date, segment_id, user_point_id, creation_ts, last_modified_ts, expiration_ts, kind, point_kinds, data_bag
)
select
  $step,
  $start_date,
  m.segment_id,
  m.user_point_id,
  m.creation_ts,
  m.last_modified_ts,
  m.expiration_ts,
  4,
  m.point_kinds,
  m.data_bag
from resolved_pair_$slot r
join membership m on m.user_point_id = r.user_point_id and m.segment_id = r.segment_id
where r.is_there and r.creation_ts is null
