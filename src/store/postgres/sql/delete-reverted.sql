delete from membership m
using staged_revert_$slot s
where m.user_point_id = s.user_point_id and m.segment_id = s.segment_id and s.was_in and not s.puts_in
