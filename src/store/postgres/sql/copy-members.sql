-- Live members of a segment with their identifiers of one table.
copy (
  select
    m.user_point_id,
    i.kind,
    i.compartment_id,
    m.segment_id,
    m.creation_ts,
    m.last_modified_ts,
    m.expiration_ts,
    i.value,
    m.data_bag
  from membership m
  join $identifiers i on i.user_point_id = m.user_point_id
  where m.segment_id = $segment_id and (m.expiration_ts is null or m.expiration_ts > $now) and ($kinds)
) to stdout (format csv, force_quote (value, data_bag))
