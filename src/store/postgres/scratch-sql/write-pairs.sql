-- The pairs as copy-pairs.sql reads them, in the order of the user points: the indexes are then read and written from left to right. The
-- identifier of a user who may be new is on one of his pairs alone: on the first of those that have it, which come after those that do
-- not. PostgreSQL has no texts with U+0000: see texts.ts.
select
  format('{:016x}{:016x}', point_hi, point_lo),
  segment_id,
  list_extract($executions, (line >> 32) + 1),
  line & 4294967295,
  nullif(expires_at, 0),
  new_compartment_id,
  point_kinds,
  new_kind,
  puts_in,
  was_taken_out,
  case
    when new_value is not null
      and (
        lag(point_lo) over () is distinct from point_lo
        or lag(point_hi) over () is distinct from point_hi
        or lag(new_value is null) over ()
      )
    then replace(replace(new_value, chr(57344), chr(57344) || '1'), chr(0), chr(57344) || '0')
  end as value,
  replace(data_bag, chr(57344), chr(57344) || '1') as data_bag
from (select * from chunk_pair order by point_hi, point_lo, new_value is null desc)
