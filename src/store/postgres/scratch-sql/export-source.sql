-- Members of a segment with each of their identifiers, as copy-members.sql has written them. Texts
-- are as texts.ts says.
from (
  select
    user_point_id,
    kind,
    compartment_id,
    replace(replace(value, chr(57344) || '0', chr(0)), chr(57344) || '1', chr(57344)) as value,
    segment_id,
    creation_ts,
    last_modified_ts,
    expiration_ts,
    replace(data_bag, chr(57344) || '1', chr(57344)) as data_bag
  from read_csv(FILE, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', new_line = '\n',
    nullstr = '', allow_quoted_nulls = false, parallel = false, max_line_size = 16777216, buffer_size = 16777216, columns = {
      'user_point_id': 'uuid', 'kind': 'utinyint', 'compartment_id': 'bigint', 'segment_id': 'bigint', 'creation_ts': 'bigint',
      'last_modified_ts': 'bigint', 'expiration_ts': 'bigint', 'value': 'varchar', 'data_bag': 'varchar'
    })
)
