-- Members who are out, and rows of those whose time had passed.
delete from membership m
using staged_membership_$slot s
where m.user_point_id = s.user_point_id and m.segment_id = s.segment_id and not s.puts_in
