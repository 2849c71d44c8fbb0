-- Which runs are these, by what was around their moment?
select customer, number
from ({{around}})
where {{condition}}
