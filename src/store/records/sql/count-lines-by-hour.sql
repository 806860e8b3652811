-- Lines by hour from $from to $now, and commands at once as if each hour of them were a run. The
-- lines of an execution are spread evenly over the time in which it ran, so that a file of three
-- hours is not a peak in the last one. Hours in which nothing ran are left out.
with hour as (
  select greatest(start, $from) as hour_from, least(start + $hour_ms, $now) as hour_to
  from generate_series(cast($first as bigint), cast($now as bigint), cast($hour_ms as bigint)) as hours(start)
),
run as (
  select
    e.start_date as run_from,
    greatest(coalesce(e.end_date, $now), e.start_date + 1) as run_to,
    c.successes,
    c.failures
  from execution e
  join execution_checkpoint c on c.execution_id = e.id
  where e.datamart_id = $datamart_id
    and e.reverts_execution_id is null
    and e.start_date < $now
    and coalesce(e.end_date, $now) >= $from
    and coalesce(e.options, '') not like '%"dryRun":true%'
  union all
  select
    hour_start,
    greatest(least(hour_start + $hour_ms, $now), hour_start + 1),
    applied,
    failed
  from command_hour
  where datamart_id = $datamart_id and hour_start >= $first and hour_start < $now
),
part as (
  select
    hour_from,
    successes,
    failures,
    cast(least(run_to, hour_to) - greatest(run_from, hour_from) as double precision) / (run_to - run_from) as share
  from hour
  join run on run_from < hour_to and run_to > hour_from
)
select hour_from, sum(successes * share) as applied, sum(failures * share) as failed
from part
group by hour_from
order by hour_from
