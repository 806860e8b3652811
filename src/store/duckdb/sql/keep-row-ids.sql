-- Deletes nothing. A transaction that has deleted holds off vacuuming until its end, and vacuuming
-- gives rows other ids: what find-effects reads would be of no use to the statements that delete.
delete from membership_ordered where false;
delete from membership_recent where false
