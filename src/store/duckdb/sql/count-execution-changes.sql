-- What one execution did, by segment. Its rows are neighbours, and found by zone maps.
select
  segment_id,
  count(*) filter (where kind = 1) as entries,
  count(*) filter (where kind = 2) as updates,
  count(*) filter (where kind = 3) as exits
from membership_change
where execution_id = $execution_id
group by segment_id
order by segment_id
