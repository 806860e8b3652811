-- Users who are in a segment of another datamart than they are known to.
select 'user point ' || format('{:016x}{:016x}', point_hi, point_lo)::uuid || ' of datamart ' || i.datamart_id || ' in segment ' || m.segment_id as example
from (select point_hi, point_lo, segment_id from membership where point_hi between $first and $last) m
join segment s on s.id = m.segment_id
join (
  select distinct point_hi, point_lo, datamart_id from user_identifier where point_hi between $first and $last
) i using (point_hi, point_lo)
where i.datamart_id <> s.datamart_id
