-- Users who are in now, whether they were or not. In key order, so that the zone maps of each run
-- prune look-ups.
insert into membership_recent
select point_hi, point_lo, segment_id, point_kinds, creation_ts, last_modified_ts, expiration_ts, data_bag
from chunk_put
where state = 1
