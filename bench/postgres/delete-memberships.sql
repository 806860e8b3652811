delete from membership
using command
join user_account using (user_account_id)
where operation = 'DELETE' and compartment_id = 1
  and membership.user_point_id = user_account.user_point_id
  and membership.segment_id = command.segment_id
