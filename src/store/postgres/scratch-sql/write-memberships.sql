-- Users who come in, and of whom there is no row.
select
  point_hi,
  point_lo,
  segment_id,
  $start_date::bigint,
  $start_date::bigint,
  nullif(expires_at, 0),
  point_kinds::smallint,
  nullif(data_bag, '{}')
from chunk_effect
where puts_in and membership_row is null
