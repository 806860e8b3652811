-- Memberships that the sweep is about to remove, into the change log.
insert into membership_change
select
  $step,
  $now,
  null,
  null,
  4,
  point_hi,
  point_lo,
  segment_id,
  creation_ts,
  last_modified_ts,
  expiration_ts,
  data_bag
from membership
where expiration_ts <= $before
