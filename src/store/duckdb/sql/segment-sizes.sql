-- Live members of each segment, in all and by the kinds of identifiers their user points have
-- (KIND_BIT); and the first instant at which one of them leaves.
select
  segment_id,
  count(*) as user_points,
  count(*) filter (where point_kinds & 1 > 0) as user_accounts,
  count(*) filter (where point_kinds & 2 > 0) as emails,
  count(*) filter (where point_kinds & 4 > 0) as user_agents,
  min(expiration_ts) as next_expiry
from membership
where expiration_ts is null or expiration_ts > $now
group by segment_id
