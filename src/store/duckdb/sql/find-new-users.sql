-- Identifiers that commands put into segments and that are not known yet: each becomes a user
-- point.
create or replace temp table chunk_new_user as
select
  key_hi,
  key_lo,
  any_value(kind) as kind,
  any_value(compartment_id) as compartment_id,
  any_value(value) as value
from $staged
anti join $known as known using (key_hi, key_lo)
where is_update
group by key_hi, key_lo
