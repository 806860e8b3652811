select
  count(*) as pairs,
  coalesce(bool_or(not puts_in or was_taken_out), false) as removes
from chunk_pair
