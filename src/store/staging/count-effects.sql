-- What the chunk does, counted before it is done. The first five add up to the (command, segment)
-- pairs of the chunk.
select
  count(*) filter (where puts_in and not was_in) as memberships_created,
  count(*) filter (where puts_in and was_in) as memberships_updated,
  count(*) filter (where not puts_in and was_in) as memberships_deleted,
  count(*) filter (where not puts_in and not was_in) as unchanged,
  coalesce(sum(commands - 1), 0) as superseded,
  (select count(*) from chunk_new_user) as user_points_created,
  count(*) filter (where membership_row >= 0) as ordered_rows_to_delete,
  count(*) filter (where membership_row < 0) as recent_rows_to_delete,
  count(*) filter (where puts_in) as rows_to_insert,
  count(*) filter (where membership_row is not null and not was_in) as expiries_met
from chunk_effect
