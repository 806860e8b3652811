-- What the pairs change, with what there is of their memberships before. creation_ts: null where there was no live membership.
-- is_there: there is a row, which may be of a membership whose time had passed; then its user is known, and who he is is left out. A pair
-- that only says who a user is stays for his user point. $stays: who is left alone.
insert into resolved_pair_$slot (
  user_point_id, segment_id, execution_id, line, creation_ts, last_modified_ts, expiration_ts, new_expiration_ts, compartment_id,
  point_kinds, kind, puts_in, was_taken_out, is_there, value, data_bag, new_data_bag
)
select
  s.user_point_id,
  s.segment_id,
  s.execution_id,
  s.line,
  case when m.expiration_ts is null or m.expiration_ts > $start_date then m.creation_ts end,
  case when m.expiration_ts is null or m.expiration_ts > $start_date then m.last_modified_ts end,
  m.expiration_ts,
  case when s.puts_in then s.expiration_ts end,
  case when m.user_point_id is null then s.compartment_id end,
  s.point_kinds,
  case when m.user_point_id is null then s.kind end,
  s.puts_in,
  s.was_taken_out,
  m.user_point_id is not null,
  case when m.user_point_id is null then s.value end,
  m.data_bag,
  s.data_bag
from staged_pair_$slot s
left join membership m on m.user_point_id = s.user_point_id and m.segment_id = s.segment_id
where (s.puts_in or m.user_point_id is not null or s.value is not null)
$stays
