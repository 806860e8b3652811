-- What the chunk does, counted before it is done. The first five add up to the (command, segment) pairs of the chunk.
select
  count(*) filter (where puts_in and not was_in) as memberships_created,
  count(*) filter (where puts_in and was_in) as memberships_updated,
  count(*) filter (where not puts_in and was_in) as memberships_deleted,
  count(*) filter (where not puts_in and not was_in) as unchanged,
  coalesce(sum(commands - 1), 0) as superseded,
  (select count(*) from chunk_new_user) as user_points_created,
  count(*) filter (where puts_in and membership_row is not null) as rows_to_update,
  count(*) filter (where puts_in and membership_row is not null and (not was_in or was_taken_out)) as rows_to_renew,
  count(*) filter (where puts_in and membership_row is not null and was_in and not was_taken_out and data_bag is not null) as bags_to_update,
  count(*) filter (where not puts_in and membership_row is not null) as rows_to_delete,
  count(*) filter (where puts_in and membership_row is null) as rows_to_insert
from chunk_effect
