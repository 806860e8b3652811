-- compatible with nodes of version 1: they leave the column empty What is odd about a file and
-- fails no line, as JSON: how often, and the first lines of each kind. Null: nothing.
alter table execution_checkpoint add column warnings text;
-- Finds the executions that had the same file.
create index execution_document on execution (document_sha256, id);
