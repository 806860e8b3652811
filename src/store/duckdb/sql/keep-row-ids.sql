-- Deletes nothing. A transaction that has deleted holds off vacuuming until its end, and vacuuming gives rows other ids: what
-- find-effects reads would be of no use to delete-memberships.
delete from membership where false
