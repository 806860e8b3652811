-- The rows of memberships that a command touches; those of users who stay in are inserted anew.
delete from membership
where rowid in (select membership_row from chunk_effect where membership_row is not null)
