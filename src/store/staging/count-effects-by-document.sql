-- What count-effects.sql counts, for each document of a group. No user point is touched by two of
-- them. A new user point is a row of its own here, of which nothing else is counted.
with placed as (
  select point_hi, point_lo, any_value(line >> 32) as document
  from chunk_effect
  group by point_hi, point_lo
),
counted as (
  select line >> 32 as document, puts_in, was_in, commands, membership_row, false as is_new_user
  from chunk_effect
  union all
  select p.document, null, null, null, null, true
  from chunk_new_user n
  join placed p on p.point_hi = n.key_hi and p.point_lo = n.key_lo
)
select
  document,
  count(*) filter (where puts_in and not was_in) as memberships_created,
  count(*) filter (where puts_in and was_in) as memberships_updated,
  count(*) filter (where not puts_in and was_in) as memberships_deleted,
  count(*) filter (where not puts_in and not was_in) as unchanged,
  coalesce(sum(commands - 1), 0) as superseded,
  count(*) filter (where is_new_user) as user_points_created,
  count(*) filter (where membership_row >= 0) as ordered_rows_to_delete,
  count(*) filter (where membership_row < 0) as recent_rows_to_delete,
  count(*) filter (where puts_in) as rows_to_insert,
  count(*) filter (where membership_row is not null and not was_in) as expiries_met
from counted
group by document
