-- Memberships of a range that are about to be removed since their time has passed, into the change
-- log.
insert into membership_change (
  step, date, segment_id, user_point_id, creation_ts, last_modified_ts, expiration_ts, kind, point_kinds, data_bag
)
select
  $step,
  $now,
  segment_id,
  user_point_id,
  creation_ts,
  last_modified_ts,
  expiration_ts,
  4,
  point_kinds,
  data_bag
from membership
where expiration_ts <= $before and user_point_id between FIRST and LAST
