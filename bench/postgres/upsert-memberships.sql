-- In the order of the primary key, so that its pages are visited once.
insert into membership as known (user_point_id, segment_id, creation_ts, last_modified_ts, expiration_ts, data_bag)
select user_point_id, segment_id, now(), now(), expiration_ts, data_bag
from command
join user_account using (user_account_id)
where operation = 'UPDATE' and compartment_id = 1
order by user_point_id, segment_id
on conflict (user_point_id, segment_id) do update set
  last_modified_ts = excluded.last_modified_ts,
  expiration_ts = excluded.expiration_ts,
  data_bag = coalesce(excluded.data_bag, known.data_bag)
