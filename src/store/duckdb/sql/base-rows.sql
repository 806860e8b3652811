-- All that the tables say of users whose keys are in a range, as rows of a serving run: each user
-- point with its memberships, and identifiers of other points. An identifier that nobody attached
-- is its user point's key.
with said as (
  select
    u.key_hi,
    u.key_lo,
    case
      when u.key_hi <> u.point_hi or u.key_lo <> u.point_lo then 3
      when m.segment_id is null then 0
      else 1
    end as state,
    u.datamart_id,
    m.segment_id,
    m.creation_ts,
    m.last_modified_ts,
    m.expiration_ts,
    m.data_bag,
    u.point_hi,
    u.point_lo
  from (select * from user_identifier where key_hi between $first and $last) u
  left join (select * from membership where point_hi between $first and $last) m
    on m.point_hi = u.key_hi and m.point_lo = u.key_lo
)
select
  key_hi,
  key_lo,
  state::utinyint as state,
  datamart_id,
  coalesce(segment_id, 0)::bigint as segment_id,
  coalesce(creation_ts, 0)::bigint as creation_ts,
  coalesce(last_modified_ts, 0)::bigint as last_modified_ts,
  coalesce(expiration_ts, 0)::bigint as expiration_ts,
  encode(coalesce(data_bag, '')) as data_bag,
  point_hi,
  point_lo
from said
order by key_hi, key_lo, segment_id
