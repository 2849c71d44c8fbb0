-- How far do runs come?
select furthest, count() as n
from ({{runs}})
where {{which}}
group by furthest
