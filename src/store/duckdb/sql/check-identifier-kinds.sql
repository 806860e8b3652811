-- User points whose identifiers do not all carry the set of their kinds.
select 'user point ' || format('{:016x}{:016x}', point_hi, point_lo)::uuid || ': ' || min(point_kinds) || ', expected ' || bit_or(kind) as example
from user_identifier
where point_hi between $first and $last
group by point_hi, point_lo
having min(point_kinds) <> bit_or(kind) or max(point_kinds) <> bit_or(kind)
