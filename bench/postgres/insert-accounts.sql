-- Anti-join first: most accounts of a repeated load are there, and ON CONFLICT would take a
-- sequence number for each.
insert into user_account (user_account_id)
select distinct user_account_id from command
where operation = 'UPDATE'
  and not exists (
    select from user_account
    where user_account.user_account_id = command.user_account_id and user_account.compartment_id = 1
  )
order by user_account_id
on conflict do nothing
