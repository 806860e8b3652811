-- compatible with nodes of version 9: they import what corrects another execution, and do not count
-- what it repairs The execution that this one corrects, and how many of its failed lines it
-- repaired; null: none, and not known.
alter table execution add column corrects_execution_id bigint;
alter table execution add column repaired_lines bigint;
create index execution_corrects on execution (corrects_execution_id, id) where corrects_execution_id is not null;
