-- As delete-ordered, of what was written lately.
delete from membership_recent
where rowid in (select -1 - membership_row from chunk_effect where membership_row < 0)
