-- What the pairs do to memberships, with what was there before, into the change log. $stays: who is left alone.
insert into membership_change (
  step, date, execution_id, line, segment_id, user_point_id, creation_ts, last_modified_ts, expiration_ts, new_expiration_ts, kind,
  point_kinds, data_bag
)
select
  $step,
  $start_date,
  s.execution_id,
  s.line,
  s.segment_id,
  s.user_point_id,
  m.creation_ts,
  m.last_modified_ts,
  m.expiration_ts,
  case when s.puts_in then s.expiration_ts end,
  case when not s.puts_in then 3 when m.user_point_id is null then 1 else 2 end,
  s.point_kinds,
  m.data_bag
from staged_pair_$slot s
left join membership m
  on m.user_point_id = s.user_point_id
  and m.segment_id = s.segment_id
  and (m.expiration_ts is null or m.expiration_ts > $start_date)
where (s.puts_in or m.user_point_id is not null)
$stays
