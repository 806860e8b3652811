-- Members of a segment as the rows of a CSV file of user segment commands.
select
  'UPDATE' as operation,
  case when i.kind = 1 then i.value end as user_account_id,
  case when i.kind = 1 then i.compartment_id end as compartment_id,
  case when i.kind = 2 then i.value end as email_hash,
  case when i.kind = 4 then i.value end as user_agent_id,
  m.segment_id,
  coalesce(m.expiration_ts, 0) as expiration_ts,
  m.data_bag
from membership m join user_identifier i using (point_hi, point_lo)
where m.segment_id = $segment_id and (m.expiration_ts is null or m.expiration_ts > $now) and ($kinds)
