-- Distributes the schema over the nodes of a Citus cluster; does nothing to what is distributed
-- already. What grows goes by user_point_id: the id of a user point says on which shard its
-- identifier, its memberships and their changes are, and the staging tables are divided in the same
-- way, so that every step of a merge is done by each shard for itself. What distributed tables are
-- joined with is on every node. All other small tables stay on the coordinator: nothing joins them
-- with a distributed one, and a heartbeat should not have to be written to all nodes. So does the
-- tally, also where an earlier version had it on every node: a write to a reference table keeps all
-- others from it until its transaction ends, and merges of different datamarts would wait for each
-- other.
select create_reference_table(name)
from unnest(array['segment', 'removed_segment', 'attached_identifier']) as name
where not exists (select 1 from citus_tables t where t.table_name = name::regclass);
select undistribute_table('segment_tally')
where exists (select 1 from citus_tables t where t.table_name = 'segment_tally'::regclass);
select create_distributed_table('user_point', 'user_point_id')
where not exists (select 1 from citus_tables t where t.table_name = 'user_point'::regclass);
select create_distributed_table(name, 'user_point_id', colocate_with => 'user_point')
from (
  select unnest(array['membership', 'membership_change'])
  union all
  select format('%s_%s', kind, slot)
  from generate_series(0, 15) slot, unnest(array['staged_key', 'staged_membership']) kind
) tables (name)
where not exists (select 1 from citus_tables t where t.table_name = name::regclass)
