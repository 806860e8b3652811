-- The user points of a group that several of its documents touch, with those documents. Nearly
-- always there are none.
select list(distinct line >> 32) as documents
from $commands
group by point_hi, point_lo
having min(line) >> 32 <> max(line) >> 32
