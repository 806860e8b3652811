-- Users who are in now, whether they were or not. In key order, so that the zone maps of each run prune look-ups.
--
-- Members who stay in keep when they came in, and their data bag where no other came; {} clears it. An update in place would
-- be cheaper to say, but committing it costs as much as writing every vector it touches: of 30 M rows, nearly all.
insert into membership_recent
select
  point_hi,
  point_lo,
  segment_id,
  point_kinds,
  case when stayed_in then old_creation_ts else $start_date end,
  $start_date,
  nullif(expires_at, 0),
  case when stayed_in and data_bag is null then old_data_bag else nullif(data_bag, '{}') end
from (select *, was_in and not was_taken_out as stayed_in from chunk_effect where puts_in)
order by point_hi
