-- Members of a segment as the lines of an NDJSON file of user segment commands.
select '{"operation":"UPDATE",'
  || case kind
    when 1 then '"user_account_id":' || to_json(value) || ',"compartment_id":"' || compartment_id || '"'
    when 2 then '"email_hash":' || to_json(value)
    else '"user_agent_id":' || to_json(value)
  end
  || ',"segment_id":"' || segment_id || '","expiration_ts":' || coalesce(expiration_ts, 0)
  || case when data_bag is null then '' else ',"data_bag":' || to_json(data_bag) end
  || '}' as line
$include export-source
