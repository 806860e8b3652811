-- New user points. In key order, so that the zone maps of each run prune look-ups.
insert into user_identifier_recent
select key_hi, key_lo, key_hi, key_lo, kind, $datamart_id, kind, compartment_id, value, $start_date
from chunk_new_user
order by key_hi
