-- Memberships of which there is a row: as they will be, or that they end. Who stays in keeps when they came in, and their data
-- bag where no other came; {} clears it.
select
  point_hi,
  point_lo,
  segment_id,
  case when was_in and not was_taken_out then old_creation_ts else $start_date end::bigint,
  $start_date::bigint,
  nullif(expires_at, 0),
  point_kinds::smallint,
  puts_in,
  replace(
    case when was_in and not was_taken_out and data_bag is null then old_data_bag else nullif(data_bag, '{}') end,
    chr(57344), chr(57344) || '1')
from chunk_effect
where membership_row is not null
