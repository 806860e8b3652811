-- How many live members a segment has, and how many of them have an identifier of the kinds that
-- were asked for.
select
  count(*) as members,
  count(*) filter (where exists (
    select 1 from user_point i where i.user_point_id = m.user_point_id and ($kinds)
  ) or exists (
    select 1 from attached_identifier i where i.user_point_id = m.user_point_id and ($kinds)
  )) as with_identifiers
from membership m
where m.segment_id = $segment_id and (m.expiration_ts is null or m.expiration_ts > $now)
