-- Members who stay in: with when they came in, and with their data bag where no other came; {} clears it. Rows of whom nothing is kept
-- were deleted before. No index is touched where there is room on the page, which is why it is half empty.
update membership m
set
  last_modified_ts = $start_date,
  expiration_ts = s.expiration_ts,
  point_kinds = s.point_kinds,
  data_bag = case when s.data_bag is null then m.data_bag else nullif(s.data_bag, '{}') end
from staged_pair_$slot s
$only
where m.user_point_id = s.user_point_id and m.segment_id = s.segment_id and s.puts_in
