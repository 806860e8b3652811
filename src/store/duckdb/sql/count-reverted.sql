-- What the rows that find-reverted found come to, by segment.
select
  segment_id,
  count(*) filter (where puts_in and not was_in) as created,
  count(*) filter (where puts_in and was_in) as updated,
  count(*) filter (where not puts_in and was_in) as deleted,
  count(*) filter (where not puts_in and not was_in and commands > 0) as unchanged,
  count(*) filter (where commands = 0) as kept
from chunk_effect
group by segment_id
