-- compatible with nodes of version 1: they leave the column as it is, and refuse lines that name
-- missing segments Segments that the file of an execution made, or would make in a dry run: JSON of
-- a list. Null: none.
alter table execution add column segments_created text;
