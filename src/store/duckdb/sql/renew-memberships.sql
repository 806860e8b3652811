-- Rows of memberships that had expired or were taken out in between: a new entry, with nothing of the old one.
update membership
set creation_ts = $start_date, data_bag = nullif(e.data_bag, '{}')
from chunk_effect e
where membership.rowid = e.membership_row and e.puts_in and (not e.was_in or e.was_taken_out)
