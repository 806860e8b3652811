-- Memberships as they were, their instants too.
insert into membership (
  user_point_id, segment_id, creation_ts, last_modified_ts, expiration_ts, point_kinds, data_bag
)
select
  user_point_id,
  segment_id,
  back_creation_ts,
  back_last_modified_ts,
  back_expiration_ts,
  point_kinds,
  back_data_bag
from staged_revert_$slot
where puts_in
on conflict (user_point_id, segment_id) do update set
  creation_ts = excluded.creation_ts,
  last_modified_ts = excluded.last_modified_ts,
  expiration_ts = excluded.expiration_ts,
  point_kinds = excluded.point_kinds,
  data_bag = excluded.data_bag
