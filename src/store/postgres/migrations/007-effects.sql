-- compatible with nodes of version 1: they do not see the tables Merges find out in the node what
-- they do: what lies in a slot are the keys of their pairs, and later the memberships that are
-- written anew or end. As the other slots these are unlogged, and empty but for the transaction
-- that has the slot.
do $$
begin
  for slot in 0..15 loop
    execute format('create unlogged table staged_key_%s (
      user_point_id uuid not null,
      segment_id bigint not null,
      pair integer not null,
      names_user boolean not null
    ) with (autovacuum_enabled = false)', slot);
    execute format('create unlogged table staged_membership_%s (
      user_point_id uuid not null,
      segment_id bigint not null,
      creation_ts bigint,
      last_modified_ts bigint,
      expiration_ts bigint,
      point_kinds smallint not null,
      puts_in boolean not null,
      data_bag text
    ) with (autovacuum_enabled = false)', slot);
  end loop;
end
$$;
