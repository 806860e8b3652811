-- The effects beside what memberships are from then on. Who stays in keeps when they came in, and
-- their data bag where no other came; {} clears it.
create or replace temp view chunk_after as
select
  *,
  case when was_in and not was_taken_out then old_creation_ts else $start_date::bigint end as new_creation_ts,
  $start_date::bigint as new_last_modified_ts,
  nullif(expires_at, 0) as new_expiration_ts,
  case
    when was_in and not was_taken_out and data_bag is null then old_data_bag
    else nullif(data_bag, '{}')
  end as new_data_bag
from chunk_effect
