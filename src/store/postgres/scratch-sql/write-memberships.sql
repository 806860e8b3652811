-- Users who come in, and of whom there is no row. Of what texts.ts escapes, a data bag can have the escape alone.
select
  point_hi,
  point_lo,
  segment_id,
  $start_date::bigint,
  $start_date::bigint,
  nullif(expires_at, 0),
  point_kinds::smallint,
  replace(nullif(data_bag, '{}'), chr(57344), chr(57344) || '1')
from chunk_effect
where puts_in and membership_row is null
