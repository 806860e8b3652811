-- Valid commands of a checkpoint that a guard kept from being applied.
alter table execution_checkpoint add column not_applied bigint default 0;
