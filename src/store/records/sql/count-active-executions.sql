-- Executions of a datamart that were created from $from on, by status.
select e.status, count(*) as executions, count(*) filter (where c.failures > 0) as with_failed_lines
from execution e
join execution_checkpoint c on c.execution_id = e.id
where e.datamart_id = $datamart_id and e.creation_date >= $from
group by e.status
order by e.status
