-- What a chunk makes of memberships, in the order of their keys: what is inserted (state 1), and
-- who is in no more (state 2). Sorted once, for the table and for the serving run. $nowhere has the
-- new users whom no command of the chunk leaves in a segment: they are known (state 0).
--
-- Members who stay in keep when they came in, and their data bag where no other came; {} clears it.
-- An update in place would be cheaper to say, but committing it costs as much as writing every
-- vector it touches: of 30 M rows, nearly all.
create or replace temp table chunk_put as
select
  point_hi,
  point_lo,
  segment_id,
  point_kinds,
  case when puts_in then 1 else 2 end as state,
  case when stayed_in then old_creation_ts else $start_date end as creation_ts,
  $start_date as last_modified_ts,
  nullif(expires_at, 0) as expiration_ts,
  case when stayed_in and data_bag is null then old_data_bag else nullif(data_bag, '{}') end as data_bag
from (select *, was_in and not was_taken_out as stayed_in from chunk_effect where puts_in or was_in)
union all
select point_hi, point_lo, 0, 0, 0, 0, 0, null, null
from $nowhere
order by point_hi, point_lo, segment_id
