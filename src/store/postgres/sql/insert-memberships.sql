-- Users who come in. Not `on conflict`: it writes each row that is new twice as dearly, and nobody else writes rows of this datamart.
insert into membership (
  user_point_id, segment_id, creation_ts, last_modified_ts, expiration_ts, point_kinds, data_bag
)
select
  s.user_point_id,
  s.segment_id,
  $start_date,
  $start_date,
  s.expiration_ts,
  s.point_kinds,
  nullif(s.data_bag, '{}')
from staged_pair_$slot s
where s.puts_in
