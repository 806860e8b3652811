-- What happened to the memberships of a segment from $from on, by quarter of an hour. An expiry
-- counts when it was, not when the row was removed, and those whose rows are still there count too.
-- Nothing is noted before it happens, so that the date prunes the rows of expiries as well.
select
  least(instant, $now) // $quarter_ms as quarter,
  count(*) filter (where kind = 1) as entries,
  count(*) filter (where kind = 2) as updates,
  count(*) filter (where kind in (3, 4)) as exits,
  count(*) filter (where kind = 4) as expirations
from (
  select kind, case when kind = 4 then expiration_ts else date end as instant
  from membership_change
  where segment_id = $segment_id and date >= $from
  union all
  select 4, expiration_ts
  from membership
  where segment_id = $segment_id and expiration_ts <= $now
)
where instant >= $from
group by quarter
order by quarter
