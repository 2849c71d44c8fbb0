-- How many runs are these, and how often do they count, all together?
select count() as n, sum(how_often) as times
from ({{runs}})
where {{which}}
