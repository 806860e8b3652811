-- Executions that changed memberships of a segment, the last to do so first, with what they did;
-- and how many there are, also in a row by itself when the page is empty.
with touched as (
  select
    execution_id,
    max(step) as last_step,
    max(date) as date,
    count(*) filter (where kind = 1) as entries,
    count(*) filter (where kind = 2) as updates,
    count(*) filter (where kind = 3) as exits
  from membership_change
  where segment_id = $segment_id and execution_id is not null
  group by execution_id
),
page as (
  select * from touched order by last_step desc, execution_id desc limit $max_results offset $first_result
)
select (select count(*) from touched) as total, page.*
from (select 1) one
left join page on true
order by last_step desc, execution_id desc
