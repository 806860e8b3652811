-- What the commands of a chunk come to.
create or replace temp table chunk_pair as
$include fold-commands
select * from pair
