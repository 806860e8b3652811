-- What the commands of a chunk come to, per user point and segment, as if executed from top to bottom. By user point, not
-- by identifier: two identifiers can be one user.
--
-- is_in: the last command puts the user in, and not with an expiry that is past by the clock of the file.
-- was_taken_out: some command before that took the user out, so what was there before is gone.
-- data_bag: the last one given, unless the user was taken out after it.
create temp table chunk_pair as
select
  *,
  last_out is not null and is_in as was_taken_out,
  case when bag_line > coalesce(last_out, -1) then last_bag end as data_bag
from (
  select
    u.point_hi,
    u.point_lo,
    c.segment_id,
    max(u.point_kinds) as point_kinds,
    count(*) as commands,
    arg_max(c.puts_in, c.line) as is_in,
    arg_max(coalesce(c.expires_at, 0), c.line) as expires_at,
    max(c.line) filter (where not c.puts_in) as last_out,
    arg_max(c.data_bag, c.line) filter (where c.puts_in) as last_bag,
    max(c.line) filter (where c.puts_in and c.data_bag is not null) as bag_line
  from (
    select *, is_update and (expires_at is null or expires_at > $start_date) as puts_in
    from $staged
  ) c
  join chunk_user u on u.key_hi = c.key_hi and u.key_lo = c.key_lo
  group by u.point_hi, u.point_lo, c.segment_id
)
