-- Members who stay in: a new expiry, modified now.
update membership
set last_modified_ts = $start_date, expiration_ts = nullif(e.expires_at, 0)
from chunk_effect e
where membership.rowid = e.membership_row and e.puts_in
