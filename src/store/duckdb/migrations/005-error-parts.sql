-- The parts that make up the error file of a checkpoint, in order, as JSON:
-- [{"name":"errors-…","bytes":123}, …]. Null: there are none, or error_file_bytes bytes of the one
-- file `errors` that error files were before.
alter table execution_checkpoint add column error_parts text;
