-- What there is now of each pair: whether it is a live membership, and whether its command makes a user who is not known.
select
  s.user_point_id,
  s.segment_id,
  s.puts_in,
  m.user_point_id is not null as was_in,
  s.value is not null and u.user_point_id is null as is_new_user
from staged_pair_$slot s
left join membership m
  on m.user_point_id = s.user_point_id
  and m.segment_id = s.segment_id
  and (m.expiration_ts is null or m.expiration_ts > $start_date)
left join user_point u on u.user_point_id = s.user_point_id and s.value is not null
