-- Who is out, and rows of whom nothing is kept: those who were taken out before they were put in, and those whose time had passed.
delete from membership m
using staged_pair_$slot s
where m.user_point_id = s.user_point_id
  and m.segment_id = s.segment_id
  and (not s.puts_in or s.was_taken_out $expired)
