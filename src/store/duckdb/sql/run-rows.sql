-- What a chunk makes of memberships and users, as rows of a serving run (RunRows), in the order of their keys. A new user whom
-- no command of the chunk leaves in a segment is known too.
with said as (
  select
    point_hi,
    point_lo,
    segment_id,
    case when puts_in then 1 else 2 end as state,
    case when stayed_in then old_creation_ts else $start_date end as creation_ts,
    $start_date as last_modified_ts,
    expires_at as expiration_ts,
    case when stayed_in and data_bag is null then old_data_bag else nullif(data_bag, '{}') end as data_bag
  from (select *, was_in and not was_taken_out as stayed_in from chunk_effect where puts_in or was_in)
  union all
  select distinct point_hi, point_lo, 0, 0, 0, 0, 0, null
  from chunk_effect e
  semi join chunk_new_user n on n.key_hi = e.point_hi and n.key_lo = e.point_lo
  where not puts_in and not was_in
)
$include run-columns
