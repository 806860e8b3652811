-- The execution that this one corrects, and how many of its failed lines it repaired; null: none,
-- and not known.
alter table execution add column corrects_execution_id bigint;
alter table execution add column repaired_lines bigint;
