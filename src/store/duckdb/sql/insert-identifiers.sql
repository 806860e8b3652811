-- New user points. In key order, so that the zone maps of each run prune look-ups.
insert into user_identifier
select key_hi, key_lo, point_hi, point_lo, point_kinds, $datamart_id, kind, compartment_id, value, $start_date
from chunk_user
where is_updated and not is_known
order by key_hi, key_lo
