-- What is odd about a file and fails no line, as JSON: how often, and the first lines of each kind.
-- Null: nothing.
alter table execution_checkpoint add column warnings text;
