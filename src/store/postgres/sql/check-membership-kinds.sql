-- Memberships that carry another set of kinds than their user point's identifiers have.
select 'user point ' || m.user_point_id || ' in segment ' || m.segment_id || ': ' || m.point_kinds || ', expected ' || (u.kind | coalesce(a.kinds, 0)) as example
from membership m
join user_point u on u.user_point_id = m.user_point_id
left join (select user_point_id, bit_or(kind) as kinds from attached_identifier group by user_point_id) a
  on a.user_point_id = m.user_point_id
where m.point_kinds <> u.kind | coalesce(a.kinds, 0)
