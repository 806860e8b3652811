-- Who is in a replaced segment, and whom no command puts in or takes out and no failed line names.
insert into membership_change (
  step, date, execution_id, segment_id, user_point_id, creation_ts, last_modified_ts, expiration_ts, kind, point_kinds, data_bag
)
select
  $step,
  $start_date,
  $execution_id,
  m.segment_id,
  m.user_point_id,
  m.creation_ts,
  m.last_modified_ts,
  m.expiration_ts,
  3,
  m.point_kinds,
  m.data_bag
from membership m
where m.segment_id in ($segments)
  and (m.expiration_ts is null or m.expiration_ts > $start_date)
  and not exists (
    select 1 from staged_pair_$slot s
    where s.user_point_id = m.user_point_id and s.segment_id in (m.segment_id, $any_segment)
  )
