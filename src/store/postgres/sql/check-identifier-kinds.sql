-- User points whose attached identifiers do not all carry the set of their kinds.
select 'user point ' || a.user_point_id || ': ' || min(a.point_kinds) || ', expected ' || (bit_or(a.kind) | min(u.kind)) as example
from attached_identifier a
left join user_point u on u.user_point_id = a.user_point_id
group by a.user_point_id
having min(a.point_kinds) <> bit_or(a.kind) | min(u.kind) or max(a.point_kinds) <> bit_or(a.kind) | min(u.kind) or min(u.kind) is null
