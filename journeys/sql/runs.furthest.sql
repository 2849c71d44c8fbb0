-- Which is each customer's furthest run? Of equals one that is still open, else the earliest.
select *
from ({{runs}})
order by customer, furthest desc, outcome = 'in_time' desc, start, number
limit 1 by customer
