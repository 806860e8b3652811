-- Members of a segment with each of their identifiers.
from (
  select
    cast(format('{:016x}{:016x}', m.point_hi, m.point_lo) as uuid) as user_point_id,
    i.kind,
    i.compartment_id,
    i.value,
    m.segment_id,
    m.creation_ts,
    m.last_modified_ts,
    m.expiration_ts,
    m.data_bag
  from membership m join user_identifier i using (point_hi, point_lo)
  where m.segment_id = $segment_id and (m.expiration_ts is null or m.expiration_ts > $now) and ($kinds)
)
