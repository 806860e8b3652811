-- What the commands of a chunk come to, beside the membership that is there, if any.
--
-- was_in: the membership is live by the clock of the file.
create or replace temp table chunk_effect as
$include fold-commands
select
  p.point_hi,
  p.point_lo,
  p.segment_id,
  p.point_kinds,
  p.commands,
  p.line,
  p.puts_in,
  p.was_taken_out,
  p.expires_at,
  p.data_bag,
  m.row_id as membership_row,
  m.creation_ts as old_creation_ts,
  m.last_modified_ts as old_last_modified_ts,
  m.expiration_ts as old_expiration_ts,
  m.data_bag as old_data_bag,
  m.row_id is not null and (m.expiration_ts is null or m.expiration_ts > $start_date) as was_in
from pair p
left join membership_row m
  on m.point_hi = p.point_hi and m.point_lo = p.point_lo and m.segment_id = p.segment_id
