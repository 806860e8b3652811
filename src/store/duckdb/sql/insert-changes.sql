-- What the chunk does to memberships, with what was there before, into the change log. $executions
-- are the executions of the chunk's documents, by position: those of a group have their lines one
-- after the other.
insert into membership_change
select
  $step,
  $start_date,
  list_extract($executions, (coalesce(line, 0) >> 32) + 1),
  line & 4294967295,
  case when not puts_in then 3 when was_in then 2 else 1 end,
  point_hi,
  point_lo,
  segment_id,
  case when was_in then old_creation_ts end,
  case when was_in then old_last_modified_ts end,
  case when was_in then old_expiration_ts end,
  case when was_in then old_data_bag end
from chunk_effect
where puts_in or was_in
