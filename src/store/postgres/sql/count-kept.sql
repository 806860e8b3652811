-- Who is in a replaced segment and in no command, and stays since a failed line names them: see write-named.sql. A segment
-- $any_segment is any.
select count(*) as memberships
from membership m
where m.segment_id in ($segments)
  and (m.expiration_ts is null or m.expiration_ts > $start_date)
  and exists (
    select 1 from staged_pair_$slot s
    where s.user_point_id = m.user_point_id and s.segment_id in (m.segment_id, $any_segment) and s.line = 0
  )
  and not exists (
    select 1 from staged_pair_$slot s
    where s.user_point_id = m.user_point_id and s.segment_id = m.segment_id and s.line > 0
  )
