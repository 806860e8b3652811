-- Members who are in and stay or come in anew, as the node has worked them out. No index is touched
-- where there is room on the page, which is why it is half empty.
update membership m
set
  creation_ts = s.creation_ts,
  last_modified_ts = s.last_modified_ts,
  expiration_ts = s.expiration_ts,
  point_kinds = s.point_kinds,
  data_bag = s.data_bag
from staged_membership_$slot s
where m.user_point_id = s.user_point_id and m.segment_id = s.segment_id and s.puts_in
