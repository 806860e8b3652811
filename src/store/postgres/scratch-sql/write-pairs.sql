-- The pairs as copy-pairs.sql reads them, the identifier of a user who may be new on one of his alone, in the order of the user points: the indexes are then read and written from left to right.
-- PostgreSQL has no texts with U+0000: see texts.ts.
select
  printf('%016x%016x', point_hi, point_lo),
  segment_id,
  list_extract($executions, (line >> 32) + 1),
  line & 4294967295,
  nullif(expires_at, 0),
  new_compartment_id,
  commands,
  point_kinds,
  new_kind,
  puts_in,
  was_taken_out,
  case
    when new_value is not null and row_number() over (partition by point_hi, point_lo, new_value is null) = 1
    then replace(replace(new_value, chr(57344), chr(57344) || '1'), chr(0), chr(57344) || '0')
  end as value,
  data_bag
from chunk_pair
order by point_hi, point_lo
