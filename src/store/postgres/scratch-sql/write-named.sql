-- Users whom failed lines name, with the segments that they name them for, as copy-pairs.sql reads them: pairs of line 0, which are of
-- no command.
select distinct
  format('{:016x}{:016x}', point_hi, point_lo),
  segment_id,
  $execution_id,
  0,
  null::bigint,
  null::bigint,
  0,
  null::utinyint,
  false,
  false,
  null::varchar,
  null::varchar
from $named
