-- Members who stay in and bring a data bag; {} clears it. A statement of its own: most updates bring none.
update membership
set data_bag = nullif(e.data_bag, '{}')
from chunk_effect e
where membership.rowid = e.membership_row and e.puts_in and e.was_in and not e.was_taken_out and e.data_bag is not null
