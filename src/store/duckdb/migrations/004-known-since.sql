-- From when the change log is whole: each change of a membership at this instant or later is in it, those before are not or
-- not all. One row. Changes are noted since version 3, and removed from the oldest on, so that none after the first that is
-- there is missing; of an empty log it is the instant of this migration.
create table change_log (known_since bigint not null);
insert into change_log
select coalesce((select min(date) from membership_change), (select max(applied_ts) from schema_version));
