-- Memberships of which there is a row: as they will be, or that they end.
select
  point_hi,
  point_lo,
  segment_id,
  new_creation_ts,
  new_last_modified_ts,
  new_expiration_ts,
  point_kinds::smallint,
  puts_in,
  replace(new_data_bag, chr(57344), chr(57344) || '1')
from chunk_after
where membership_row is not null
