-- Who is in a replaced segment and in no pair of the slot.
select m.user_point_id, m.segment_id, m.point_kinds, m.creation_ts, m.last_modified_ts, m.expiration_ts, m.data_bag
from membership m
where m.segment_id in ($segments)
  and (m.expiration_ts is null or m.expiration_ts > $start_date)
  and not exists (
    select 1 from staged_key_$slot s where s.user_point_id = m.user_point_id and s.segment_id = m.segment_id
  )
