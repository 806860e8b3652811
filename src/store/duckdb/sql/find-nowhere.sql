-- New users for whom some command came to nothing: an expiry in the past, or a DELETE after it.
-- Others put the user in at least one segment.
create or replace temp table chunk_nowhere as
select distinct e.point_hi, e.point_lo
from chunk_effect e
semi join chunk_new_user n on n.key_hi = e.point_hi and n.key_lo = e.point_lo
where not e.puts_in and not e.was_in
