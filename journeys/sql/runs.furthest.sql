-- Which is each customer's furthest run, and the earliest of equals?
select *
from ({{runs}})
order by customer, furthest desc, start, number
limit 1 by customer
