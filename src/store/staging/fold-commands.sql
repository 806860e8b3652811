-- What the commands of a chunk come to, per user point and segment, as if executed from top to
-- bottom: the relation `pair`, to be followed by a select. By user point, not by identifier: two
-- identifiers can be one user.
--
-- puts_in: the last command puts the user in, and not with an expiry that is past by the clock of
-- the file. was_taken_out: some command before the last took the user out, so what was there before
-- is gone. data_bag: the last one given, unless the user was taken out after it. line: of the last
-- command. new_…: the identifier whose user point it would be, where it is put in and is not known;
-- null elsewhere.
--
-- Nearly all pairs have one command, and folding all of them costs three times as much as finding
-- those that have more: so these are folded, and the others pass as they are. One statement: each
-- table between two costs a tenth of it.
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
    max(line) filter (where puts_in and data_bag is not null) as bag_line,
    any_value(kind) filter (where is_update and key_hi = point_hi and key_lo = point_lo) as new_kind,
    any_value(compartment_id) filter (where is_update and key_hi = point_hi and key_lo = point_lo) as new_compartment_id,
    any_value(value) filter (where is_update and key_hi = point_hi and key_lo = point_lo) as new_value
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
    case when bag_line > coalesce(last_out, -1) then last_bag end as data_bag,
    new_kind,
    new_compartment_id,
    new_value
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
    case when puts_in then data_bag end,
    case when is_update and key_hi = point_hi and key_lo = point_lo then kind end,
    case when is_update and key_hi = point_hi and key_lo = point_lo then compartment_id end,
    case when is_update and key_hi = point_hi and key_lo = point_lo then value end
  from command
  anti join repeated using (point_hi, point_lo, segment_id)
)
