-- The documents of a group that touch a user point which an earlier document of it touches too, and the last such one.
select document, max(previous) as previous
from (
  select
    u.document,
    lag(u.document) over (partition by u.point_hi, u.point_lo order by u.document) as previous
  from (
    select distinct c.line >> 32 as document, k.point_hi, k.point_lo
    from $staged c
    join chunk_user k on k.key_hi = c.key_hi and k.key_lo = c.key_lo
  ) u
)
where previous is not null
group by document
order by document
