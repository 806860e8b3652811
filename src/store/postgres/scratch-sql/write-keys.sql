select point_hi, point_lo, segment_id, rowid::integer, names_user
from chunk_pair
