-- Makes of what the commands of a file come to what comes of replacing segments with them: who is
-- in and stays with the same expiry and data bag is left alone, and who is in a replaced segment
-- and neither in a command nor named by a failed line leaves. The former count as unchanged; the
-- latter have no command.
create or replace temp table chunk_effect as
with effect as (
  select
    *,
    puts_in
    and was_in
    and not was_taken_out
    and segment_id in ($segments)
    and expires_at = coalesce(old_expiration_ts, 0)
    and (data_bag is null or nullif(data_bag, '{}') is not distinct from old_data_bag) as stays
  from chunk_effect
)
select
  * exclude (stays) replace (
    puts_in and not stays as puts_in,
    was_in and not stays as was_in,
    case when not stays then membership_row end as membership_row
  )
from effect
union all by name
select
  m.point_hi,
  m.point_lo,
  m.segment_id,
  m.point_kinds,
  0 as commands,
  false as puts_in,
  false as was_taken_out,
  true as was_in,
  m.row_id as membership_row,
  m.creation_ts as old_creation_ts,
  m.last_modified_ts as old_last_modified_ts,
  m.expiration_ts as old_expiration_ts,
  m.data_bag as old_data_bag
from chunk_absent m
where not m.is_named
