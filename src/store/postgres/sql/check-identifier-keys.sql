-- Identifiers of one table that are not under the key of their value: userKey of
-- model/identifier.ts. Those with U+0000 are passed over, since no text of PostgreSQL has it.
select 'key ' || i.$key as example
from $identifiers i
cross join lateral (
  select sha256(convert_to(
    datamart_id || ':' || kind || ':' || compartment_id || ':' || replace(value, U&'\E000' || '1', U&'\E000'), 'UTF8'
  )) as hash
) h
where position(U&'\E000' || '0' in value) = 0
  and i.$key <> encode(
    set_byte(set_byte(substr(hash, 1, 16), 6, get_byte(hash, 6) & 15 | 128), 8, get_byte(hash, 8) & 63 | 128), 'hex'
  )::uuid
