-- compatible with nodes of version 9: they report nothing of it What an import says of its files,
-- as JSON; the last due time that has passed, whether it passed without its file, and how many in a
-- row before it had none.
alter table document_import add column expect text;
alter table document_import add column expect_due_ts bigint;
alter table document_import add column expect_late boolean;
alter table document_import add column expect_missed integer;
