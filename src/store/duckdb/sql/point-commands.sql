-- The commands of a chunk with the user points of their identifiers, where some identifier belongs to another point than its
-- own key, or to one with other identifiers.
create or replace temp table chunk_command as
select c.*, u.point_hi, u.point_lo, u.point_kinds
from $staged c
join chunk_user u on u.key_hi = c.key_hi and u.key_lo = c.key_lo
