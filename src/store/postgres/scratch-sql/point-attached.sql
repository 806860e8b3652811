-- The commands of a chunk with the user points of their identifiers. A point with attached
-- identifiers has more kinds than its first.
create or replace temp table chunk_command as
select
  s.*,
  coalesce(a.point_hi, s.key_hi) as point_hi,
  coalesce(a.point_lo, s.key_lo) as point_lo,
  coalesce(a.point_kinds, p.point_kinds, s.kind) as point_kinds
from $staged s
left join attached a on a.key_hi = s.key_hi and a.key_lo = s.key_lo
left join (select distinct point_hi, point_lo, point_kinds from attached) p
  on p.point_hi = s.key_hi and p.point_lo = s.key_lo
