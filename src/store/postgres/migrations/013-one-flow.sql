-- No merge uses these any more: replacements and reverts go the way of chunks too.
do $$
begin
  for slot in 0..15 loop
    execute format('drop table staged_pair_%s, resolved_pair_%s, staged_revert_%s', slot, slot, slot);
  end loop;
end
$$;
