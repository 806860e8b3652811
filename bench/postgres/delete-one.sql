delete from membership
using user_account
where user_account_id = $1 and compartment_id = 1
  and membership.user_point_id = user_account.user_point_id
  and segment_id = $2::integer
