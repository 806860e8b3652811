-- Memberships that carry another set of kinds than their user point's identifiers have.
select 'user point ' || format('{:016x}{:016x}', point_hi, point_lo)::uuid || ' in segment ' || segment_id || ': ' || m.point_kinds || ', expected ' || kinds as example
from (select point_hi, point_lo, segment_id, point_kinds from membership where point_hi between $first and $last) m
join (
  select point_hi, point_lo, bit_or(kind) as kinds
  from user_identifier where point_hi between $first and $last group by point_hi, point_lo
) using (point_hi, point_lo)
where m.point_kinds <> kinds
