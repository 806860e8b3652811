-- The sizes of segments without what memberships carry of their users: the kinds are those of the
-- identifiers.
select
  segment_id,
  count(*) as user_points,
  count(*) filter (where kinds & 1 > 0) as user_accounts,
  count(*) filter (where kinds & 2 > 0) as emails,
  count(*) filter (where kinds & 4 > 0) as user_agents
from (
  select point_hi, point_lo, segment_id from membership
  where point_hi between $first and $last and (expiration_ts is null or expiration_ts > $now)
)
join (
  select point_hi, point_lo, bit_or(kind) as kinds
  from user_identifier where point_hi between $first and $last group by point_hi, point_lo
) using (point_hi, point_lo)
group by segment_id
