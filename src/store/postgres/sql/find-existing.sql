-- What there is of the pairs of a slot: their memberships, live or not, and of the others those
-- whose user is known. A user who has the membership is not looked for: a key that is null is found
-- in no index. $same_shard: what keeps the join within a shard of Citus. Elsewhere it is left out,
-- since the planner would look for every user by it.
select s.pair, m.creation_ts, m.last_modified_ts, m.expiration_ts, m.data_bag
from staged_key_$slot s
left join membership m on m.user_point_id = s.user_point_id and m.segment_id = s.segment_id
left join user_point u
  on $same_shard u.user_point_id = case when s.names_user and m.user_point_id is null then s.user_point_id end
where m.user_point_id is not null or u.user_point_id is not null
