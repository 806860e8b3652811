-- How many commands each document of a step has, and how many pairs they come to.
select line >> 32 as document, sum(commands) as commands, count(*) as pairs
from chunk_pair
group by document
