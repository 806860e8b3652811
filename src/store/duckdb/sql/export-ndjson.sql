-- Members of a segment as the lines of an NDJSON file of user segment commands.
select '{"operation":"UPDATE",'
  || case i.kind
    when 1 then '"user_account_id":' || to_json(i.value) || ',"compartment_id":"' || i.compartment_id || '"'
    when 2 then '"email_hash":' || to_json(i.value)
    else '"user_agent_id":' || to_json(i.value)
  end
  || ',"segment_id":"' || m.segment_id || '","expiration_ts":' || coalesce(m.expiration_ts, 0)
  || case when m.data_bag is null then '' else ',"data_bag":' || to_json(m.data_bag) end
  || '}' as line
from membership m join user_identifier i using (point_hi, point_lo)
where m.segment_id = $segment_id and (m.expiration_ts is null or m.expiration_ts > $now) and ($kinds)
