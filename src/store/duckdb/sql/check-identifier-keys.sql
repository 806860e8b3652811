-- Identifiers that are not under the key of their value: userKey of model/identifier.ts
select 'key ' || format('{:016x}{:016x}', key_hi, key_lo)::uuid as example
from (
  select key_hi, key_lo, sha256(datamart_id || ':' || kind || ':' || compartment_id || ':' || value) as hex
  from user_identifier where key_hi between $first and $last
)
where key_hi <> (('0x' || substr(hex, 1, 16))::ubigint & 18446744073709490175) | 32768
  or key_lo <> (('0x' || substr(hex, 17, 16))::ubigint & 4611686018427387903) | 9223372036854775808
