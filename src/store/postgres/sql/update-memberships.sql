-- Members who stay in: with when they came in, and with their data bag where no other came; {} clears it. No index is touched where
-- there is room on the page, which is why it is half empty.
update membership m
set
  last_modified_ts = $start_date,
  expiration_ts = r.new_expiration_ts,
  point_kinds = r.point_kinds,
  data_bag = case when r.new_data_bag is null then m.data_bag else nullif(r.new_data_bag, '{}') end
from resolved_pair_$slot r
where m.user_point_id = r.user_point_id
  and m.segment_id = r.segment_id
  and r.puts_in
  and r.creation_ts is not null
  and not r.was_taken_out
