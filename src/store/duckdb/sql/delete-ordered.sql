-- The rows of memberships that a command touches; those of users who stay in are inserted anew.
delete from membership_ordered
where rowid in (select membership_row from chunk_effect where membership_row >= 0)
