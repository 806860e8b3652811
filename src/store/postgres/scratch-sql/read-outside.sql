-- What find-outside.sql has found, in the order of user points. row_id: there is a row.
create or replace temp table chunk_member as
select
  ('0x' || replace(user_point_id, '-', '')[1:16])::ubigint as point_hi,
  ('0x' || replace(user_point_id, '-', '')[17:32])::ubigint as point_lo,
  * exclude (user_point_id),
  0::bigint as row_id
from read_csv(FILE, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', new_line = '\n',
  nullstr = '', allow_quoted_nulls = false, parallel = false, max_line_size = 16777216, buffer_size = 16777216, columns = {
    'user_point_id': 'varchar', 'segment_id': 'bigint', 'point_kinds': 'utinyint', 'creation_ts': 'bigint',
    'last_modified_ts': 'bigint', 'expiration_ts': 'bigint', 'data_bag': 'varchar'
  })
order by user_point_id
