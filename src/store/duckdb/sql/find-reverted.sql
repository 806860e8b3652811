-- What a range of an execution's changes comes to when they go back, in the shape of chunk_effect:
-- each membership that the execution changed, beside what it was before the first of its changes
-- (back_…) and what there is now (old_…).
--
-- puts_in: there was a membership, and it would be live by the clock of the revert. commands: 0 for
-- one that is left alone, since something has touched it after the execution: a later step of the
-- change log, its expiry, swept or not, or the erasure of its user.
create or replace temp table chunk_effect as
with own as (
  select point_hi, point_lo, segment_id, min(step) as first_step, max(step) as last_step
  from membership_change
  where execution_id = $reverted and point_hi between $first and $last
  group by point_hi, point_lo, segment_id
),
later as (
  select distinct l.point_hi, l.point_lo, l.segment_id
  from membership_change l
  join own o
    on o.point_hi = l.point_hi and o.point_lo = l.point_lo and o.segment_id = l.segment_id and l.step > o.last_step
  where l.step > $first_step
),
beside as (
  select
    o.point_hi,
    o.point_lo,
    o.segment_id,
    coalesce(m.point_kinds, u.point_kinds) as point_kinds,
    c.creation_ts as back_creation_ts,
    c.last_modified_ts as back_last_modified_ts,
    c.expiration_ts as back_expiration_ts,
    c.data_bag as back_data_bag,
    m.row_id as membership_row,
    m.creation_ts as old_creation_ts,
    m.last_modified_ts as old_last_modified_ts,
    m.expiration_ts as old_expiration_ts,
    m.data_bag as old_data_bag,
    l.segment_id is not null or m.expiration_ts <= $start_date or u.key_hi is null as is_touched
  from own o
  join membership_change c
    on c.point_hi = o.point_hi and c.point_lo = o.point_lo and c.segment_id = o.segment_id and c.step = o.first_step
  left join later l
    on l.point_hi = o.point_hi and l.point_lo = o.point_lo and l.segment_id = o.segment_id
  left join membership_row m
    on m.point_hi = o.point_hi and m.point_lo = o.point_lo and m.segment_id = o.segment_id
  left join user_identifier u
    on u.key_hi = o.point_hi and u.key_lo = o.point_lo
  where c.execution_id = $reverted
)
select
  * exclude (is_touched, membership_row),
  case when not coalesce(is_touched, false) then membership_row end as membership_row,
  case when coalesce(is_touched, false) then 0 else 1 end as commands,
  cast(null as bigint) as line,
  not coalesce(is_touched, false)
  and back_creation_ts is not null
  and (back_expiration_ts is null or back_expiration_ts > $start_date) as puts_in,
  not coalesce(is_touched, false) and membership_row is not null as was_in
from beside
