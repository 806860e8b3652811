-- As put-rows, of memberships that become what they were before.
create or replace temp table chunk_put as
select
  point_hi,
  point_lo,
  segment_id,
  point_kinds,
  case when puts_in then 1 else 2 end as state,
  back_creation_ts as creation_ts,
  back_last_modified_ts as last_modified_ts,
  back_expiration_ts as expiration_ts,
  back_data_bag as data_bag
from chunk_effect
where puts_in or was_in
order by point_hi, point_lo, segment_id
