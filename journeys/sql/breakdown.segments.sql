-- Which runs belong to the saved segment, and which do not?
select customer, number, outcome, furthest, {{belongs}} as belongs, 1 as taken
from ({{runs}})
where {{which}}
