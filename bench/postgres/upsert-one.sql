-- One line of a file: the usual statement of importers that go row by row.
with new_account as (
  insert into user_account (user_account_id) values ($1)
  on conflict do nothing
  returning user_point_id
), account as (
  select user_point_id from new_account
  union all
  select user_point_id from user_account where user_account_id = $1 and compartment_id = 1
)
insert into membership as known (user_point_id, segment_id, creation_ts, last_modified_ts, expiration_ts, data_bag)
select user_point_id, $2::integer, now(), now(), now() + nullif($3::integer, 0) * interval '1 minute', $4::jsonb
from account
on conflict (user_point_id, segment_id) do update set
  last_modified_ts = excluded.last_modified_ts,
  expiration_ts = excluded.expiration_ts,
  data_bag = coalesce(excluded.data_bag, known.data_bag)
