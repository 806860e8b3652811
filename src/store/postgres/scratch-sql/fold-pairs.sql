-- What the commands of a chunk come to, in the order of user points: indexes are then read and
-- written from left to right. names_user: of the pairs of a user who may be new the one whose
-- identifier counts. rowid is what PostgreSQL knows a pair by.
create or replace temp table chunk_pair as
$include fold-commands
select
  *,
  new_value is not null
  and (lag(point_lo) over () is distinct from point_lo or lag(point_hi) over () is distinct from point_hi) as names_user
from (select * from pair order by point_hi, point_lo, new_value is null)
