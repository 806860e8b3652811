-- Sequences, named after their tables, that are not beyond the ids there.
select t.name || ': the next id is after ' || coalesce(s.last_value, s.start_value - 1) || ', there is ' || t.id as example
from (
  select 'organisation' as name, max(id) as id from organisation
  union all select 'datamart', max(id) from datamart
  union all select 'compartment', max(id) from compartment
  union all select 'compartment_selection', max(id) from compartment_selection
  union all select 'segment', max(id) from segment
  union all select 'document_import', max(id) from document_import
  union all select 'execution', max(id) from execution
  union all select 'api_token', max(id) from api_token
  union all select 'audit_log', max(id) from audit_log
  union all select 'erasure', max(id) from erasure
  union all select 'segment_export', max(id) from segment_export
  union all select 'overlap_analysis', max(id) from overlap_analysis
  union all select 'webhook', max(id) from webhook
  union all select 'webhook_delivery', max(id) from webhook_delivery
) t
join pg_sequences s on s.sequencename = t.name || '_id' and s.schemaname = current_schema()
where t.id > coalesce(s.last_value, s.start_value - 1)
