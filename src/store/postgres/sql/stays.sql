and not (
  s.puts_in
  and not s.was_taken_out
  and m.user_point_id is not null
  and (m.expiration_ts is null or m.expiration_ts > $start_date)
  and s.segment_id = any (array[$segments]::bigint[])
  and s.expiration_ts is not distinct from m.expiration_ts
  and (s.data_bag is null or nullif(s.data_bag, '{}') is not distinct from m.data_bag)
)
