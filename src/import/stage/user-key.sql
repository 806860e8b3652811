-- Staged rows with the key of their identifier: userKey of model/identifier.ts, as two halves. hex is the SHA-256 of
-- datamart:kind:compartment:value; the masks set version 8 and the variant of RFC 9562.
select
  * exclude (hex),
  (('0x' || substr(hex, 1, 16))::ubigint & 18446744073709490175) | 32768 as key_hi,
  (('0x' || substr(hex, 17, 16))::ubigint & 4611686018427387903) | 9223372036854775808 as key_lo
from (select * exclude (hashed), sha256(hashed) as hex from $raw)
