-- Leaves out users whom a chunk before has made.
create or replace temp table chunk_new_user as
select * from chunk_new_user
anti join $made using (key_hi, key_lo)
