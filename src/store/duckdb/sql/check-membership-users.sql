-- Memberships whose user point has no identifier: nobody could find them.
select 'user point ' || format('{:016x}{:016x}', point_hi, point_lo)::uuid || ' in segment ' || segment_id as example
from (select point_hi, point_lo, segment_id from membership where point_hi between $first and $last)
anti join (select point_hi, point_lo from user_identifier where point_hi between $first and $last) using (point_hi, point_lo)
