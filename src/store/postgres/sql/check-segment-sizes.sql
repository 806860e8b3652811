-- Parts of the tally that are not what a count of the memberships gives.
select 'segment ' || segment_id || ', kinds ' || point_kinds || ', quarter ' || expiry_quarter || ': ' || coalesce(counted, 0)
  || ' memberships, tallied are ' || coalesce(members, 0) as example
from (select * from segment_tally where members <> 0) t
full join (
  select segment_id, point_kinds, coalesce(expiration_ts / $quarter_ms, -1) as expiry_quarter, count(*) as counted
  from membership
  where segment_id not in (select segment_id from removed_segment)
  group by 1, 2, 3
) m using (segment_id, point_kinds, expiry_quarter)
where counted is distinct from members
