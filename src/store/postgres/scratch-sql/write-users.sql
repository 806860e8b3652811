-- New users. PostgreSQL has no texts with U+0000: see texts.ts.
select
  key_hi,
  key_lo,
  $datamart_id::bigint,
  $start_date::bigint,
  compartment_id,
  kind::smallint,
  replace(replace(value, chr(57344), chr(57344) || '1'), chr(0), chr(57344) || '0')
from chunk_new_user
