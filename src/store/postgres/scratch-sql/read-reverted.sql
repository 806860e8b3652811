-- What find-reverted.sql has found, in the shape of chunk_effect and in the order of user points.
-- commands: 0 for what is left alone.
create or replace temp table chunk_effect as
select
  ('0x' || replace(user_point_id, '-', '')[1:16])::ubigint as point_hi,
  ('0x' || replace(user_point_id, '-', '')[17:32])::ubigint as point_lo,
  * exclude (user_point_id, is_kept),
  case when was_in then 0::bigint end as membership_row,
  case when is_kept then 0 else 1 end as commands,
  null::bigint as line
from read_csv(FILE, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', new_line = '\n',
  nullstr = '', allow_quoted_nulls = false, parallel = false, max_line_size = 16777216, buffer_size = 16777216, columns = {
    'user_point_id': 'varchar', 'segment_id': 'bigint', 'back_creation_ts': 'bigint', 'back_last_modified_ts': 'bigint',
    'back_expiration_ts': 'bigint', 'old_creation_ts': 'bigint', 'old_last_modified_ts': 'bigint', 'old_expiration_ts': 'bigint',
    'point_kinds': 'utinyint', 'is_kept': 'boolean', 'puts_in': 'boolean', 'was_in': 'boolean', 'back_data_bag': 'varchar',
    'old_data_bag': 'varchar'
  })
order by user_point_id
