-- What a range of an execution's changes comes to when they go back: each membership that the
-- execution changed, beside what it was before the first of its changes (back_…) and what there is
-- now (old_…).
--
-- is_kept: it is left alone, since something has touched it after the execution: a later step of
-- the change log, its expiry, swept or not, or the erasure of its user. puts_in: there was a
-- membership, and it would be live by the clock of the revert.
select
  user_point_id,
  segment_id,
  back_creation_ts,
  back_last_modified_ts,
  back_expiration_ts,
  old_creation_ts,
  old_last_modified_ts,
  old_expiration_ts,
  point_kinds,
  is_touched as is_kept,
  not is_touched
  and back_creation_ts is not null
  and (back_expiration_ts is null or back_expiration_ts > $start_date) as puts_in,
  not is_touched and is_there as was_in,
  back_data_bag,
  old_data_bag
from (
  select
    o.user_point_id,
    o.segment_id,
    c.creation_ts as back_creation_ts,
    c.last_modified_ts as back_last_modified_ts,
    c.expiration_ts as back_expiration_ts,
    c.data_bag as back_data_bag,
    m.creation_ts as old_creation_ts,
    m.last_modified_ts as old_last_modified_ts,
    m.expiration_ts as old_expiration_ts,
    m.data_bag as old_data_bag,
    coalesce(m.point_kinds, c.point_kinds) as point_kinds,
    m.user_point_id is not null as is_there,
    l.user_point_id is not null or coalesce(m.expiration_ts <= $start_date, false) or u.user_point_id is null as is_touched
  from (
    select user_point_id, segment_id, min(step) as first_step, max(step) as last_step
    from membership_change
    where execution_id = $reverted and user_point_id >= $first and user_point_id <= $last
    group by user_point_id, segment_id
  ) o
  join membership_change c
    on c.user_point_id = o.user_point_id and c.segment_id = o.segment_id and c.step = o.first_step and c.execution_id = $reverted
  left join (
    select user_point_id, segment_id, max(step) as step
    from membership_change
    where step > $first_step and user_point_id >= $first and user_point_id <= $last
    group by user_point_id, segment_id
  ) l on l.user_point_id = o.user_point_id and l.segment_id = o.segment_id and l.step > o.last_step
  left join membership m on m.user_point_id = o.user_point_id and m.segment_id = o.segment_id
  left join user_point u on u.user_point_id = o.user_point_id
) beside
