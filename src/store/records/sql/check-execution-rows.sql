-- Executions that have no checkpoint, or several, and checkpoints of executions that there are not.
select 'execution ' || coalesce(e.id, c.execution_id) || ': ' || count(c.execution_id) || ' checkpoints' as example
from execution e full join execution_checkpoint c on c.execution_id = e.id
group by e.id, c.execution_id
having count(e.id) <> 1 or count(c.execution_id) <> 1
