-- Parts of the tally that are not what a count of the memberships gives. Each is read by itself:
-- the tally is not on the shards.
with tallied as materialized (
  select segment_id, point_kinds, expiry_quarter, members from segment_tally where members <> 0
),
counted as materialized (
  select segment_id, point_kinds, coalesce(expiration_ts / $quarter_ms, -1) as expiry_quarter, count(*) as memberships
  from membership
  where segment_id not in (select segment_id from removed_segment)
  group by 1, 2, 3
)
select 'segment ' || segment_id || ', kinds ' || point_kinds || ', quarter ' || expiry_quarter || ': ' || coalesce(memberships, 0)
  || ' memberships, tallied are ' || coalesce(members, 0) as example
from tallied
full join counted using (segment_id, point_kinds, expiry_quarter)
where memberships is distinct from members
