-- What the commands of a chunk come to, per user point and segment, as if executed from top to bottom; beside the
-- membership that is there, if any. By user point, not by identifier: two identifiers can be one user.
--
-- puts_in: the last command puts the user in, and not with an expiry that is past by the clock of the file.
-- was_in: the membership is live by the clock of the file.
-- was_taken_out: some command before the last took the user out, so what was there before is gone.
-- data_bag: the last one given, unless the user was taken out after it.
-- line: of the last command.
--
-- Nearly all pairs have one command, and folding all of them costs three times as much as finding those that have more: so
-- these are folded, and the others pass as they are. One statement: each table between two costs a tenth of it.
create or replace temp table chunk_effect as
with command as (
  select *, is_update and (expires_at is null or expires_at > $start_date) as puts_in
  from $commands
),
repeated as (
  select point_hi, point_lo, segment_id
  from command
  group by point_hi, point_lo, segment_id
  having count(*) > 1
),
folded as (
  select
    point_hi,
    point_lo,
    segment_id,
    max(point_kinds) as point_kinds,
    count(*) as commands,
    max(line) as line,
    arg_max(puts_in, line) as puts_in,
    arg_max(coalesce(expires_at, 0), line) as expires_at,
    max(line) filter (where not puts_in) as last_out,
    arg_max(data_bag, line) filter (where puts_in) as last_bag,
    max(line) filter (where puts_in and data_bag is not null) as bag_line
  from command
  semi join repeated using (point_hi, point_lo, segment_id)
  group by point_hi, point_lo, segment_id
),
pair as (
  select
    point_hi,
    point_lo,
    segment_id,
    point_kinds,
    commands,
    line,
    puts_in,
    last_out is not null and puts_in as was_taken_out,
    expires_at,
    case when bag_line > coalesce(last_out, -1) then last_bag end as data_bag
  from folded
  union all
  select
    point_hi,
    point_lo,
    segment_id,
    point_kinds,
    1,
    line,
    puts_in,
    false,
    coalesce(expires_at, 0),
    case when puts_in then data_bag end
  from command
  anti join repeated using (point_hi, point_lo, segment_id)
)
select
  p.*,
  m.row_id as membership_row,
  m.creation_ts as old_creation_ts,
  m.last_modified_ts as old_last_modified_ts,
  m.expiration_ts as old_expiration_ts,
  m.data_bag as old_data_bag,
  m.row_id is not null and (m.expiration_ts is null or m.expiration_ts > $start_date) as was_in
from pair p
left join membership_row m
  on m.point_hi = p.point_hi and m.point_lo = p.point_lo and m.segment_id = p.segment_id
