-- What happened to the memberships of all segments from $from on. Rows are only appended, so that
-- the date prunes them.
select
  segment_id,
  count(*) filter (where kind = 1) as entries,
  count(*) filter (where kind in (3, 4)) as exits
from membership_change
where date >= $from
group by segment_id
having count(*) filter (where kind <> 2) > 0
order by segment_id
