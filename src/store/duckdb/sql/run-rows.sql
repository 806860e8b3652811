-- The columns of RunRows for what chunk_put has, without nulls, which would have to be unpacked bit
-- by bit.
select
  point_hi,
  point_lo,
  state::utinyint as state,
  $datamart_id::bigint as datamart_id,
  segment_id,
  coalesce(creation_ts, 0)::bigint as creation_ts,
  coalesce(last_modified_ts, 0)::bigint as last_modified_ts,
  coalesce(expiration_ts, 0)::bigint as expiration_ts,
  encode(coalesce(data_bag, '')) as data_bag
from chunk_put
