-- The user points of a group that several of its documents touch, with those documents. Nearly always there are none.
select list(distinct c.line >> 32) as documents
from $staged c
join chunk_user u on u.key_hi = c.key_hi and u.key_lo = c.key_lo
group by u.point_hi, u.point_lo
having min(c.line) >> 32 <> max(c.line) >> 32
