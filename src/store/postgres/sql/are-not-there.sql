and not exists (
  select 1 from membership m where m.user_point_id = s.user_point_id and m.segment_id = s.segment_id
)
