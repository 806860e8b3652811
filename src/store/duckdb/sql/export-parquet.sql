-- Members of a segment as a table: a row for each identifier.
select
  cast(format('{:016x}{:016x}', m.point_hi, m.point_lo) as uuid) as user_point_id,
  case when i.kind = 1 then i.value end as user_account_id,
  case when i.kind = 1 then i.compartment_id end as compartment_id,
  case when i.kind = 2 then i.value end as email_hash,
  case when i.kind = 4 then i.value end as user_agent_id,
  m.segment_id,
  m.creation_ts,
  m.last_modified_ts,
  m.expiration_ts,
  m.data_bag
from membership m join user_identifier i using (point_hi, point_lo)
where m.segment_id = $segment_id and (m.expiration_ts is null or m.expiration_ts > $now) and ($kinds)
