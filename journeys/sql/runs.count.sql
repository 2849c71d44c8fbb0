-- How many runs are these?
select count() as n
from ({{runs}})
where {{which}}
