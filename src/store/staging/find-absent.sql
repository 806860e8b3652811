-- Who is in a replaced segment and in no command, of $members, and whether a failed line names them
-- for it: $named has whom those name. A segment $any_segment is any. Two joins, since one with "or"
-- finds its rows by comparing each with each.
create or replace temp table chunk_absent as
select m.*, one.point_hi is not null or every.point_hi is not null as is_named
from $members m
anti join chunk_effect e
  on e.point_hi = m.point_hi and e.point_lo = m.point_lo and e.segment_id = m.segment_id
left join (select distinct point_hi, point_lo, segment_id from $named) one
  on one.point_hi = m.point_hi and one.point_lo = m.point_lo and one.segment_id = m.segment_id
left join (select distinct point_hi, point_lo from $named where segment_id = $any_segment) every
  on every.point_hi = m.point_hi and every.point_lo = m.point_lo
where
  m.segment_id in ($segments)
  and m.point_hi between $first and $last
  and (m.expiration_ts is null or m.expiration_ts > $start_date)
