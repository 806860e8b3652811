-- What the pairs do to memberships, with what was there before, as rows of the change log (who
-- leaves a replaced segment has no line); and those whose time had passed before the file came, and
-- whose rows the pairs replace or remove: nobody else notes their end.
select
  $step::bigint,
  $start_date::bigint,
  list_extract($executions, (coalesce(line, 0) >> 32) + 1)::bigint,
  (line & 4294967295)::bigint,
  segment_id,
  point_hi,
  point_lo,
  case when was_in then old_creation_ts end,
  case when was_in then old_last_modified_ts end,
  case when was_in then old_expiration_ts end,
  case when puts_in then new_expiration_ts end,
  case when not puts_in then 3 when was_in then 2 else 1 end::smallint,
  point_kinds::smallint,
  replace(case when was_in then old_data_bag end, chr(57344), chr(57344) || '1')
from chunk_after
where puts_in or was_in
union all
select
  $step::bigint,
  $start_date::bigint,
  null,
  null,
  segment_id,
  point_hi,
  point_lo,
  old_creation_ts,
  old_last_modified_ts,
  old_expiration_ts,
  null,
  4::smallint,
  point_kinds::smallint,
  replace(old_data_bag, chr(57344), chr(57344) || '1')
from chunk_after
where membership_row is not null and not was_in
