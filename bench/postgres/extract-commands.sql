-- The last command of each user and segment wins. Lines without operation or segment would fall out
-- here, uncounted.
insert into command
select distinct on (user_account_id, segment_id)
  user_account_id, segment_id, operation, now() + nullif(minutes, 0) * interval '1 minute', data_bag::jsonb
from (
  select
    number,
    command ->> 'user_account_id' as user_account_id,
    (command ->> 'segment_id')::integer as segment_id,
    command ->> 'operation' as operation,
    (command ->> 'expiration_duration')::integer as minutes,
    command ->> 'data_bag' as data_bag
  from line
)
join segment using (segment_id)
where operation in ('UPDATE', 'DELETE')
order by user_account_id, segment_id, number desc
