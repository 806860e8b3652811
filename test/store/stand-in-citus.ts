import { runSql } from '../postgres.ts';

/**
 * What Muster asks of a Citus cluster, on a plain PostgreSQL. Citus itself cannot be installed from
 * npm. Rows of memberships that a worker has prepared and nobody sees yet lie in a table beside the
 * memberships, and come into them with the recovery, as they would.
 */
const STAND_IN = `
  create table pg_dist_partition (logicalrelid regclass);
  insert into pg_dist_partition values ('user_point');
  create table prepared_membership (like membership);
  -- how often a worker cannot be reached from now on, which a rollback does not undo
  create sequence unreachable increment -1 minvalue 0 maxvalue 1000 start 1000;
  select setval('unreachable', 0, true);
  create function recover_prepared_transactions() returns integer language plpgsql security definer as $$
  declare recovered integer;
  begin
    -- as Citus does: one recovery at a time, until its transaction ends
    perform pg_advisory_xact_lock(424242);
    if (select last_value from unreachable) > 0 then
      perform nextval('unreachable');
      raise warning 'transaction recovery cannot connect to worker-2:5432';
      return 0;
    end if;
    with back as (delete from prepared_membership returning *)
    insert into membership select * from back;
    get diagnostics recovered = row_count;
    return recovered;
  end $$;
  -- Citus has these for the numbers of all nodes, beside those of PostgreSQL
  set allow_system_table_mods = on;
  create function pg_catalog.pg_cancel_backend(bigint) returns boolean language sql as 'select false';
  create function pg_catalog.pg_terminate_backend(bigint) returns boolean language sql as 'select false';
  create table worker_check (from_nodename text, from_nodeport int, to_nodename text, to_nodeport int, result boolean);
  insert into worker_check select 'w' || one, 5432, 'w' || other, 5432, true
    from generate_series(1, 3) one, generate_series(1, 3) other;
  create function citus_check_cluster_node_health() returns setof worker_check language sql as 'select * from worker_check';
  create function citus_total_relation_size(regclass, boolean) returns bigint language sql as 'select 1000::bigint << 40';
  -- the shards are the table itself
  create table ran_on_shards (result text);
  create function run_command_on_shards(regclass, command text) returns table (success boolean, result text)
    language plpgsql as $$
  begin
    execute format(command, $1) into result;
    insert into ran_on_shards values (result);
    success := true;
    return next;
  end $$;
  revoke execute on function recover_prepared_transactions() from public;
`;

/** Has a store take its PostgreSQL for a Citus cluster. */
export async function standInForCitus(url: string): Promise<void> {
  await runSql(url, STAND_IN);
}
