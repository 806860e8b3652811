-- compatible with nodes of version 1: they leave the column at its default
-- Valid commands of a checkpoint that a guard kept from being applied.
alter table execution_checkpoint add column not_applied bigint default 0;
