-- Memberships in segments that there are not, but for those that are being removed.
select 'segment ' || segment_id || ': ' || count(*) || ' memberships' as example
from membership
where segment_id not in (select id from segment)
  and segment_id not in (select segment_id from removed_segment)
group by segment_id
