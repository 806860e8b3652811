-- How the own names and words of files become commands, as JSON: of an import, and of an execution
-- as it was when its file came.
alter table document_import add column mapping text;
alter table execution add column mapping text;
