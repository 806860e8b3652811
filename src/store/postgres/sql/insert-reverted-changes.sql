-- What goes back, with what was there before, into the change log.
insert into membership_change (
  step, date, execution_id, segment_id, user_point_id, creation_ts, last_modified_ts, expiration_ts, new_expiration_ts, kind,
  point_kinds, data_bag
)
select
  $step,
  $start_date,
  $execution_id,
  segment_id,
  user_point_id,
  case when was_in then old_creation_ts end,
  case when was_in then old_last_modified_ts end,
  case when was_in then old_expiration_ts end,
  case when puts_in then back_expiration_ts end,
  case when not puts_in then 3 when was_in then 2 else 1 end,
  point_kinds,
  case when was_in then old_data_bag end
from staged_revert_$slot
where puts_in or was_in
