-- What a step of the change log has changed, by what is counted of it.
select
  execution_id,
  segment_id,
  kind,
  point_kinds,
  case when kind <> 1 then coalesce(expiration_ts / $quarter_ms, -1) end as old_quarter,
  case when kind in (1, 2) then coalesce(new_expiration_ts / $quarter_ms, -1) end as new_quarter,
  count(*) as changes
from membership_change
where step = $step
group by 1, 2, 3, 4, 5, 6
