-- Who is out, and rows of whom nothing is kept: those who were taken out before they were put in, and those whose time had passed.
delete from membership m
using resolved_pair_$slot r
where m.user_point_id = r.user_point_id
  and m.segment_id = r.segment_id
  and r.is_there
  and (not r.puts_in or r.was_taken_out or r.creation_ts is null)
