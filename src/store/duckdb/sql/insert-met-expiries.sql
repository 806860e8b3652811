-- Memberships whose time had passed before the file came, and whose rows the chunk removes: nobody
-- else will note their end.
insert into membership_change
select
  $step,
  $start_date,
  null,
  null,
  4,
  point_hi,
  point_lo,
  segment_id,
  old_creation_ts,
  old_last_modified_ts,
  old_expiration_ts,
  old_data_bag
from chunk_effect
where membership_row is not null and not was_in
