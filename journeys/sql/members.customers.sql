-- Which customers have one of these runs?
select customer
from ({{runs}})
where {{which}}
