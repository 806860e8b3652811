delete from membership m
where m.segment_id in ($segments)
  and (m.expiration_ts is null or m.expiration_ts > $start_date)
  and not exists (
    select 1 from staged_pair_$slot s
    where s.user_point_id = m.user_point_id and s.segment_id in (m.segment_id, $any_segment)
  )
