-- Live members of segments, in all and by the kinds of identifiers their user points have (KIND_BIT).
-- $segment_ids: ids of segments, or a select of them.
select
  segment_id,
  count(*) as user_points,
  count(*) filter (where point_kinds & 1 > 0) as user_accounts,
  count(*) filter (where point_kinds & 2 > 0) as emails,
  count(*) filter (where point_kinds & 4 > 0) as user_agents
from membership
where (expiration_ts is null or expiration_ts > $now) and segment_id in ($segment_ids)
group by segment_id
