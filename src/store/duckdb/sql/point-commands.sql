-- The commands of a chunk with the user points of their identifiers, where an identifier may belong
-- to another point than its own key. A new identifier's point is its key.
create or replace temp table chunk_command as
select
  s.*,
  coalesce(u.point_hi, s.key_hi) as point_hi,
  coalesce(u.point_lo, s.key_lo) as point_lo,
  coalesce(u.point_kinds, s.kind) as point_kinds
from $staged s
left join user_identifier u on u.key_hi = s.key_hi and u.key_lo = s.key_lo
