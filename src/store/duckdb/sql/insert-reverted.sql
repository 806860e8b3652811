-- Memberships as they were. In key order, as insert-memberships.
insert into membership_recent
select
  point_hi,
  point_lo,
  segment_id,
  point_kinds,
  back_creation_ts,
  back_last_modified_ts,
  back_expiration_ts,
  back_data_bag
from chunk_effect
where puts_in
order by point_hi
