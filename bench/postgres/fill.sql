-- Users `from` to below `to`, each in one of the three segments of each of three groups, as
-- `bench/rows/lookups.ts` fills Muster.
with account as (
  insert into user_account (user_account_id)
  select 'user-' || lpad(i::text, 8, '0') from generate_series($1::integer, $2::integer - 1) i
  returning user_account_id, user_point_id
)
insert into membership (user_point_id, segment_id, creation_ts, last_modified_ts)
select user_point_id, groups.number * 3 + right(user_account_id, 8)::integer % 3 + 1, now(), now()
from account, generate_series(0, 2) groups (number)
order by user_point_id, 2
