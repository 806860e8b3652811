-- What count-effects.sql counts, for each document of a group. No user point is touched by two of them.
with touched as (
  select distinct line >> 32 as document, key_hi, key_lo, point_hi, point_lo
  from $commands
),
created as (
  select t.document, count(*) as user_points_created
  from chunk_user u
  join touched t on t.key_hi = u.key_hi and t.key_lo = u.key_lo
  where u.is_updated and not u.is_known
  group by t.document
)
select
  t.document,
  count(*) filter (where puts_in and not was_in) as memberships_created,
  count(*) filter (where puts_in and was_in) as memberships_updated,
  count(*) filter (where not puts_in and was_in) as memberships_deleted,
  count(*) filter (where not puts_in and not was_in) as unchanged,
  coalesce(sum(commands - 1), 0) as superseded,
  coalesce(any_value(c.user_points_created), 0) as user_points_created,
  count(*) filter (where puts_in and membership_row is not null) as rows_to_update,
  count(*) filter (where puts_in and membership_row is not null and (not was_in or was_taken_out)) as rows_to_renew,
  count(*) filter (where puts_in and membership_row is not null and was_in and not was_taken_out and data_bag is not null) as bags_to_update,
  count(*) filter (where not puts_in and membership_row is not null) as rows_to_delete,
  count(*) filter (where puts_in and membership_row is null) as rows_to_insert
from chunk_effect e
join (select distinct document, point_hi, point_lo from touched) t on t.point_hi = e.point_hi and t.point_lo = e.point_lo
left join created c on c.document = t.document
group by t.document
