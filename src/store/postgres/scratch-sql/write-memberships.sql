-- Users who come in, and of whom there is no row. Of what texts.ts escapes, a data bag can have the
-- escape alone.
select
  point_hi,
  point_lo,
  segment_id,
  new_creation_ts,
  new_last_modified_ts,
  new_expiration_ts,
  point_kinds::smallint,
  replace(new_data_bag, chr(57344), chr(57344) || '1')
from chunk_after
where puts_in and membership_row is null
