-- Members of a segment as the rows of a CSV file of user segment commands.
select
  'UPDATE' as operation,
  case when kind = 1 then value end as user_account_id,
  case when kind = 1 then compartment_id end as compartment_id,
  case when kind = 2 then value end as email_hash,
  case when kind = 4 then value end as user_agent_id,
  segment_id,
  coalesce(expiration_ts, 0) as expiration_ts,
  data_bag
$include export-source
