-- Users who come in, and who were taken out and put in again. Not `on conflict`: it writes each row that is new twice as dearly, and
-- nobody else writes rows of this datamart.
insert into membership (
  user_point_id, segment_id, creation_ts, last_modified_ts, expiration_ts, point_kinds, data_bag
)
select
  user_point_id,
  segment_id,
  $start_date,
  $start_date,
  new_expiration_ts,
  point_kinds,
  nullif(new_data_bag, '{}')
from resolved_pair_$slot
where puts_in and (creation_ts is null or was_taken_out)
