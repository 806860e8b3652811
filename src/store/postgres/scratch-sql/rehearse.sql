-- The effects of a chunk as if the chunks before it had been applied: a pair that one of them touched is in or out as the last of them
-- left it, and who was made by one of them is not made again.
create or replace temp table rehearsed_effect as
with found as (
  select *
  from read_csv(FOUND, header = false, columns = {
    'user_point_id': 'varchar', 'segment_id': 'bigint', 'puts_in': 'boolean', 'was_in': 'boolean', 'is_new_user': 'boolean'
  })
),
touched as (
  select user_point_id, segment_id, arg_max(is_in, chunk) as is_in
  from $rehearsed
  semi join found using (user_point_id, segment_id)
  group by user_point_id, segment_id
)
select
  f.user_point_id,
  f.segment_id,
  f.puts_in,
  coalesce(t.is_in, f.was_in) as was_in,
  f.is_new_user and n.user_point_id is null as is_new_user
from found f
left join touched t on t.user_point_id = f.user_point_id and t.segment_id = f.segment_id
left join $new_users n on n.user_point_id = f.user_point_id
