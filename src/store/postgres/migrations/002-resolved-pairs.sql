-- compatible with nodes of version 1: they fill the column that is empty from now on, and do not
-- see the tables What the pairs of a merge change, with what there was before: found once, where
-- each statement of a merge had looked for itself. As the other slots they are unlogged, and empty
-- but for the transaction that has the slot.
do $$
begin
  for slot in 0..15 loop
    execute format('alter table staged_pair_%s alter column commands drop not null', slot);
    execute format('create unlogged table resolved_pair_%s (
      user_point_id uuid not null,
      segment_id bigint not null,
      execution_id bigint not null,
      line bigint not null,
      creation_ts bigint,
      last_modified_ts bigint,
      expiration_ts bigint,
      new_expiration_ts bigint,
      compartment_id bigint,
      point_kinds smallint not null,
      kind smallint,
      puts_in boolean not null,
      was_taken_out boolean not null,
      is_there boolean not null,
      value text collate "C",
      data_bag text,
      new_data_bag text
    ) with (autovacuum_enabled = false)', slot);
  end loop;
end
$$;
