-- What find-existing.sql has found. creation_ts: null where there is no membership, and only the
-- user is known.
create or replace temp table chunk_existing as
select * replace (replace(data_bag, chr(57344) || '1', chr(57344)) as data_bag)
from read_csv(FILE, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', new_line = '\n',
  nullstr = '', allow_quoted_nulls = false, parallel = false, max_line_size = 16777216, buffer_size = 16777216, columns = {
    'pair': 'bigint', 'creation_ts': 'bigint', 'last_modified_ts': 'bigint', 'expiration_ts': 'bigint', 'data_bag': 'varchar'
  })
