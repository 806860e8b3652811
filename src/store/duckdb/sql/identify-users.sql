-- The users of a chunk: each identifier once, with the user point it belongs to. A new identifier's point is its own key.
create or replace temp table chunk_user as
select
  i.*,
  coalesce(u.point_hi, i.key_hi) as point_hi,
  coalesce(u.point_lo, i.key_lo) as point_lo,
  coalesce(u.point_kinds, i.kind) as point_kinds,
  u.key_hi is not null as is_known
from (
  select
    key_hi,
    key_lo,
    any_value(kind) as kind,
    any_value(compartment_id) as compartment_id,
    any_value(value) as value,
    bool_or(is_update) as is_updated
  from $staged
  group by key_hi, key_lo
) i
left join user_identifier u on u.key_hi = i.key_hi and u.key_lo = i.key_lo
