-- Identifiers that commands put into segments and that are not known yet: each becomes a user
-- point.
create or replace temp table chunk_new_user as
select
  point_hi as key_hi,
  point_lo as key_lo,
  new_kind as kind,
  new_compartment_id as compartment_id,
  new_value as value
from chunk_pair p
where names_user and not exists (select 1 from chunk_existing x where x.pair = p.rowid)
