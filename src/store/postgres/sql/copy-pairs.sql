copy staged_pair_$slot (
  user_point_id, segment_id, execution_id, line, expiration_ts, compartment_id, point_kinds, kind, puts_in, was_taken_out, value, data_bag
) from stdin (format csv)
