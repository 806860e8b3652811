-- The effects beside what memberships are from then on: what they were before.
create or replace temp view chunk_after as
select
  *,
  back_creation_ts as new_creation_ts,
  back_last_modified_ts as new_last_modified_ts,
  back_expiration_ts as new_expiration_ts,
  back_data_bag as new_data_bag
from chunk_effect
