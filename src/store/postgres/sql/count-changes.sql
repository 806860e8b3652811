-- What happened to the memberships of a segment from $from on, by quarter of an hour. An expiry
-- counts when it was, not when the row was removed, and those whose rows are still there count too.
-- Nothing is noted before it happens, so that the date prunes the rows of expiries as well. Both
-- tables are counted before they come together: a few rows leave each shard.
select
  quarter,
  sum(entries) as entries,
  sum(updates) as updates,
  sum(exits) as exits,
  sum(expirations) as expirations
from (
  select
    least(case when kind = 4 then expiration_ts else date end, $now) / $quarter_ms as quarter,
    count(*) filter (where kind = 1) as entries,
    count(*) filter (where kind = 2) as updates,
    count(*) filter (where kind in (3, 4)) as exits,
    count(*) filter (where kind = 4) as expirations
  from membership_change
  where segment_id = $segment_id and date >= $from and case when kind = 4 then expiration_ts else date end >= $from
  group by 1
  union all
  select expiration_ts / $quarter_ms, 0, 0, count(*), count(*)
  from membership
  where segment_id = $segment_id and expiration_ts <= $now and expiration_ts >= $from
  group by 1
) changes
group by quarter
order by quarter
