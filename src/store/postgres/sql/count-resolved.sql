-- What the pairs change, by what is counted of it. Kind 4 is who had expired before and stays out. Rows of memberships whose time had
-- passed are in the tally as well: who comes in anew in the place of one leaves its quarter.
select
  execution_id,
  segment_id,
  case
    when creation_ts is not null then case when puts_in then 2 else 3 end
    when puts_in then 1
    else 4
  end as kind,
  point_kinds,
  case when is_there then coalesce(expiration_ts / $quarter_ms, -1) end as old_quarter,
  case when puts_in then coalesce(new_expiration_ts / $quarter_ms, -1) end as new_quarter,
  count(*) as changes
from resolved_pair_$slot
where puts_in or is_there
group by 1, 2, 3, 4, 5, 6
