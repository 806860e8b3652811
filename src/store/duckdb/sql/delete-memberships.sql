-- Members who leave, and the rows of expired memberships that a command takes out.
delete from membership
where rowid in (select membership_row from chunk_effect where not puts_in and membership_row is not null)
