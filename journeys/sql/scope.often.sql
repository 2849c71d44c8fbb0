-- How often does each of these runs count?
select runs.*, toUInt64(counted.how_often) as how_often
from ({{runs}}) as runs
inner join ({{how_often}}) as counted on counted.customer = runs.customer and counted.number = runs.number
