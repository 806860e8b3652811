-- Memberships in segments that there are not.
select 'segment ' || segment_id || ': ' || count(*) || ' memberships' as example
from membership
where segment_id not in (select id from segment)
group by segment_id
