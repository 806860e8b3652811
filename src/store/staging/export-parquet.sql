-- Members of a segment as a table: a row for each identifier.
select
  user_point_id,
  case when kind = 1 then value end as user_account_id,
  case when kind = 1 then compartment_id end as compartment_id,
  case when kind = 2 then value end as email_hash,
  case when kind = 4 then value end as user_agent_id,
  segment_id,
  creation_ts,
  last_modified_ts,
  expiration_ts,
  data_bag
$include export-source
