-- What the pairs do to memberships, with what was there before, into the change log.
insert into membership_change (
  step, date, execution_id, line, segment_id, user_point_id, creation_ts, last_modified_ts, expiration_ts, new_expiration_ts, kind,
  point_kinds, data_bag
)
select
  $step,
  $start_date,
  execution_id,
  line,
  segment_id,
  user_point_id,
  creation_ts,
  last_modified_ts,
  case when creation_ts is not null then expiration_ts end,
  new_expiration_ts,
  case when not puts_in then 3 when creation_ts is null then 1 else 2 end,
  point_kinds,
  case when creation_ts is not null then data_bag end
from resolved_pair_$slot
where puts_in or creation_ts is not null
