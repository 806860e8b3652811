-- User points that are in a segment more than once.
select 'user point ' || format('{:016x}{:016x}', point_hi, point_lo)::uuid || ' in segment ' || segment_id || ': ' || count(*) || ' rows' as example
from membership
where point_hi between $first and $last
group by point_hi, point_lo, segment_id
having count(*) > 1
