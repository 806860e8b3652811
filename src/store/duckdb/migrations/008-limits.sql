-- Failed lines that are not in the error file, since it was full.
alter table execution_checkpoint add column error_lines_omitted bigint default 0;
-- Length of the file of an export, and of the result of an overlap analysis: what a datamart keeps
-- is bounded. Null: there is none, or it was made before.
alter table segment_export add column bytes bigint;
alter table overlap_analysis add column bytes bigint;
