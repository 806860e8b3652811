-- Two roles for a store on PostgreSQL: the owner of the schema, with whom "muster migrate" is run,
-- and the one of the nodes, who may read and write rows and change nothing of the schema. As a
-- superuser, in the database of Muster:
--
--   psql -v owner_password="'…'" -v node_password="'…'" -f roles.sql muster
--
-- then: muster migrate --store postgres://muster_owner@HOST/muster
--       MUSTER_STORE=postgres://muster_node@HOST/muster muster serve …
\set ON_ERROR_STOP on

create role muster_owner login password :owner_password nosuperuser nocreatedb nocreaterole;
create role muster_node login password :node_password nosuperuser nocreatedb nocreaterole;

revoke all on schema public from public;
grant usage, create on schema public to muster_owner;
grant usage on schema public to muster_node;

-- of what migrations make, now and later
alter default privileges for role muster_owner in schema public
  grant select, insert, update, delete, truncate on tables to muster_node;
alter default privileges for role muster_owner in schema public
  grant usage, select on sequences to muster_node;

-- what a node leaves open or asks by mistake does not go on for ever; transactions of Muster set
-- their own
alter role muster_node set statement_timeout = '10min';
alter role muster_node set idle_in_transaction_session_timeout = '5min';
alter role muster_node set idle_session_timeout = '1h';
-- of all nodes together: nodes × storeConnections, and some for whoever looks
alter role muster_node connection limit 100;

-- On the coordinator of a Citus cluster, where the extension has to be there before this is run:
-- merges finish what was committed and has not arrived at a worker.
do $$
begin
  if to_regprocedure('recover_prepared_transactions()') is not null then
    grant execute on function recover_prepared_transactions() to muster_owner, muster_node;
  end if;
end
$$;
