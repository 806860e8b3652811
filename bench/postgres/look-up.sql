-- No row: no such user. A user without memberships has one row, of nulls.
select m.segment_id, m.creation_ts, m.last_modified_ts, m.expiration_ts, m.data_bag
from user_account u
left join membership m
  on m.user_point_id = u.user_point_id and (m.expiration_ts is null or m.expiration_ts > now())
where u.user_account_id = $1 and u.compartment_id = 1
