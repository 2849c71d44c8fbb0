-- How often do these runs count, all together?
select sum(how_often) as n
from ({{runs}})
where {{which}}
