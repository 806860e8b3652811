-- How many live members a segment has, and how many of them have an identifier of the kinds that
-- were asked for.
select
  count(*) as members,
  count(*) filter (where (point_hi, point_lo) in (select (point_hi, point_lo) from user_identifier where $kinds)) as with_identifiers
from membership
where segment_id = $segment_id and (expiration_ts is null or expiration_ts > $now)
