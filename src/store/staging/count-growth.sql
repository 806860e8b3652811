-- How many members each segment that the chunk names gets more.
select
  segment_id,
  count(*) filter (where puts_in and not was_in) - count(*) filter (where not puts_in and was_in) as growth,
  count(*) filter (where not puts_in and was_in) as leaving
from chunk_effect
group by segment_id
