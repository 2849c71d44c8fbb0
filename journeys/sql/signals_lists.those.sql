-- Which runs are these?
select customer, number
from ({{rows}})
where {{condition}}
